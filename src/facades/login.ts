/** A credential as each request needs it, in memory for a short time like API keys. */
import { admit, createKeyCache } from '../accounts/index.ts'
import type { Queryable } from '../kit/db/index.ts'
import type { SigningSecrets } from '../kit/signing-secrets.ts'
import type { StoredLogin } from './credential.ts'
import type { Protocol } from './protocol.ts'
import { readLogins, readName } from './repository.ts'

export interface FacadeLogin extends StoredLogin {
  /** Newest first; several while one is being rotated. */
  readonly secrets: readonly string[]
}

/** Who calls, and under which request id what is shown is logged. */
export interface Caller {
  readonly login: FacadeLogin
  readonly requestId: string
}

export interface FacadeLogins {
  /** Null: there is no such credential. Throws: dependency_unavailable, overloaded. */
  find(protocol: Protocol, login: string): Promise<FacadeLogin | null>
  /** Null: revoked, expired, or never issued. */
  byId(credentialId: string): Promise<FacadeLogin | null>
  /** Makes a change of a credential or of its reseller effective now in this process; the others follow within seconds. */
  forget(credentialOrResellerId: string): void
}

/** Longer than any login of ours. */
const LOGIN_MAX_LENGTH = 100
const FORM = /^[\x21-\x7e]+$/

export function createFacadeLogins({ db, signingSecrets }: { db: Queryable; signingSecrets: SigningSecrets }): FacadeLogins {
  const cache = createKeyCache<FacadeLogin>(async names => {
    const wanted = names.map(name => ({ protocol: name.slice(0, name.indexOf(' ')), login: name.slice(name.indexOf(' ') + 1) }))
    const found = await readLogins(db, wanted)
    const secrets = await signingSecrets.live(
      db,
      found.map(({ keyId }) => keyId)
    )
    return new Map(found.map(each => [nameOf(each.protocol, each.login), { ...each, secrets: secrets.get(each.keyId) ?? [] }]))
  })
  const find: FacadeLogins['find'] = async (protocol, login) => {
    if (login.length > LOGIN_MAX_LENGTH || !FORM.test(login)) return null
    const name = nameOf(protocol, login)
    const cached = cache.get(name)
    return cached === undefined ? await cache.load(name) : cached
  }
  return {
    find,
    byId: async credentialId => {
      const name = await readName(db, credentialId)
      return name === null ? null : await find(name.protocol, name.login)
    },
    forget: cache.forget
  }
}

/** A login has no blank. */
const nameOf = (protocol: string, login: string): string => `${protocol} ${login}`

/** After its signature was verified. Throws: unauthenticated, ip_not_allowed, account_suspended. */
export const admitLogin = (login: FacadeLogin, ip: string) => admit(login, ip)
