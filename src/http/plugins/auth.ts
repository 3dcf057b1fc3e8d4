/**
 * Who is calling, and may they? Authority is declared on the route (`operation({ access })`) and enforced here;
 * a route that declares nothing stops the boot.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { DomainError, unauthenticated } from '../../kit/errors.ts'
import type { Access, Role } from '../operation.ts'

/** The authenticated caller. Ids are bare uuids. */
export interface Principal {
  readonly role: Role
  /** Null for the bootstrap key and for operators with a JWT. */
  readonly apiKeyId: string | null
  /** The reseller or supplier; null for operators. */
  readonly ownerId: string | null
  /** For logs and audit: `key_…`, `bootstrap` or `jwt:` and the token's subject. */
  readonly actor: string
  readonly scopes: ReadonlySet<string>
  /** The reseller's price tier. */
  readonly tier: string | null
  /** In 1/10000 of `spendCurrency`. */
  readonly dailySpendCap: bigint | null
  readonly spendCurrency: string | null
}

/**
 * Resolves a bearer credential. Answers at once when it is cached.
 * Throws: `unauthenticated`, `account_suspended`, `ip_not_allowed`, `dependency_unavailable`, `overloaded`.
 */
export type Authenticate = (credential: string, ip: string) => Principal | Promise<Principal>

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal | null
  }
  interface FastifyContextConfig {
    access?: Access
    /** For the documentation. */
    problems?: object
  }
}

export interface AuthOptions {
  readonly authenticate: Authenticate
}

export const authPlugin = fp<AuthOptions>(
  async (app, { authenticate }) => {
    app.addHook('onRoute', ({ config, url, method }) => {
      if (config?.access === undefined) throw new Error(`${String(method)} ${url} declares no access`)
    })
    app.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => {
      const { access } = request.routeOptions.config
      if (access === undefined || access === 'public') return done()
      const refuse = (error: unknown): void => {
        refusal(request, reply, error).then(done)
      }
      try {
        const principal = authenticate(bearer(request), request.ip)
        if (principal instanceof Promise) {
          principal.then(found => admit(request, found, access)).then(() => done(), refuse)
          return
        }
        admit(request, principal, access)
      } catch (error) {
        return refuse(error)
      }
      done()
    })
  },
  { name: 'auth', dependencies: ['errors', 'request-context'] }
)

/** The error to answer with: too many refused logins from one address are told so. */
async function refusal(request: FastifyRequest, reply: FastifyReply, error: unknown): Promise<Error> {
  if (!(error instanceof DomainError) || !LOGIN_ERRORS.has(error.code)) return error as Error
  try {
    await request.server.limitRefused?.(request, reply)
    return error
  } catch (limited) {
    return limited as Error
  }
}

const LOGIN_ERRORS = new Set(['unauthenticated', 'forbidden', 'account_suspended', 'ip_not_allowed'])

function bearer(request: FastifyRequest): string {
  const header = request.headers.authorization
  if (header === undefined || !/^bearer /i.test(header) || isRepeated(request.raw.rawHeaders)) throw unauthenticated()
  return header.slice('bearer '.length).trim()
}

/** Node keeps the first of several Authorization headers; a proxy in front may have looked at another one. */
function isRepeated(rawHeaders: readonly string[]): boolean {
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]
    if (name?.length === 'authorization'.length && name.toLowerCase() === 'authorization') count++
  }
  return count > 1
}

function admit(request: FastifyRequest, principal: Principal, access: Exclude<Access, 'public'>): void {
  if (principal.role !== access.role) throw new DomainError('forbidden', `This operation is for ${access.role}s.`)
  if (!principal.scopes.has(access.scope)) throw new DomainError('forbidden', `The key lacks the scope ${access.scope}.`)
  request.principal = principal
}

/** The caller of a route that is not public. */
export function principalOf(request: FastifyRequest): Principal {
  if (request.principal === null) throw unauthenticated()
  return request.principal
}

/** The reseller or supplier that the caller acts for, as a bare uuid. */
export function ownerOf(request: FastifyRequest): string {
  const { ownerId } = principalOf(request)
  if (ownerId === null) throw new DomainError('forbidden', 'This operation is not for operators.')
  return ownerId
}
