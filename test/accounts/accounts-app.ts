/** The routes of accounts and suppliers on the real plugins and a real database, with one probe route for each role. */
import { createHash, createSecretKey, randomBytes } from 'node:crypto'
import AjvCompiler from '@fastify/ajv-compiler'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify from 'fastify'
import { Type } from 'typebox'
import { type AuthenticatorOptions, accountsRoutes, accountsSchemas, createAuthenticator } from '../../src/accounts/index.ts'
import { createListings } from '../../src/catalog/index.ts'
import {
  authPlugin,
  errorsPlugin,
  MoneySchema,
  newRequestId,
  operation,
  ProblemSchema,
  principalOf,
  type RateLimitOptions,
  type Role,
  rateLimitPlugin,
  requestContextPlugin
} from '../../src/http/index.ts'
import { createCursorCodec } from '../../src/kit/cursor.ts'
import { createDatabase, type Db } from '../../src/kit/db/index.ts'
import { createSigningSecrets } from '../../src/kit/signing-secrets.ts'
import { createConfigVault, suppliersRoutes, suppliersSchemas } from '../../src/suppliers/index.ts'
import { createTestDatabase } from '../support/database.ts'
import { createTestOutbound } from '../support/outbound.ts'

type Teardown = Parameters<typeof createTestDatabase>[0]

export const BOOTSTRAP_KEY = 'the operators first key, 32 characters or more'
export const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

const PROBES: readonly { url: string; role: Role; scope: string }[] = [
  { url: '/probe/reseller', role: 'reseller', scope: 'orders:write' },
  { url: '/probe/supplier', role: 'supplier', scope: 'supplier:read' },
  { url: '/probe/operator', role: 'operator', scope: 'wallet:write' }
]

export interface AppOptions {
  readonly sandbox?: boolean
  readonly databaseUrl: string
  readonly jwt?: AuthenticatorOptions['jwt']
  readonly limits?: RateLimitOptions
}

/** As in the application: bodies are taken as they are, the rest is text and is coerced. */
function strictBodies(): AjvCompiler.BuildCompilerFromPool {
  const factory = AjvCompiler()
  return (external, options) => {
    const make = (coerceTypes: false | 'array') => {
      const customOptions = { ...(options as { customOptions?: object }).customOptions, removeAdditional: false, coerceTypes }
      return factory(external, { ...options, customOptions } as Parameters<typeof factory>[1] & { mode?: never })
    }
    const [strict, coerce] = [make(false), make('array')]
    return part => ((part as { httpPart?: string }).httpPart === 'body' ? strict : coerce)(part)
  }
}

/** Suppliers that push: nobody calls them here. */
async function supplierParts(db: Db) {
  const masterKeys = [{ kid: 'test', key: Buffer.alloc(32, 7) }]
  return {
    listings: createListings({ db }),
    findAdapter: () => null,
    configs: await createConfigVault({ db, masterKeys }),
    signingSecrets: await createSigningSecrets({ db, masterKeys }),
    outboundHttp: createTestOutbound({ timeoutMs: 1, maxBytes: 1 }),
    callbackUrlOf: () => null,
    connections: { forget: () => undefined }
  }
}

/** One instance of kahub; several may share a database. */
export async function startInstance(t: Teardown, { databaseUrl, jwt = null, limits = {}, sandbox = false }: AppOptions) {
  const db = createDatabase({ url: databaseUrl, maxConnections: 4, onError: () => undefined })
  const authenticator = createAuthenticator({ db, bootstrapKeyHash: sha256(BOOTSTRAP_KEY), jwt, sandbox })
  const app = Fastify({
    genReqId: newRequestId,
    routerOptions: { maxParamLength: 256 },
    schemaController: { compilersFactory: { buildValidator: strictBodies() } }
  }).withTypeProvider<TypeBoxTypeProvider>()
  for (const schema of [MoneySchema, ProblemSchema, ...accountsSchemas, ...suppliersSchemas]) app.addSchema(schema)
  await app.register(requestContextPlugin, { observe: () => undefined })
  await app.register(errorsPlugin)
  await app.register(authPlugin, { authenticate: authenticator.authenticate })
  await app.register(rateLimitPlugin, limits)
  const cursors = createCursorCodec(createSecretKey(randomBytes(32)))
  await app.register(accountsRoutes({ db, cursors, authenticator }))
  await app.register(suppliersRoutes({ db, cursors, authenticator, ...(await supplierParts(db)) }))
  for (const { url, role, scope } of PROBES) {
    const Answer = Type.Object({ actor: Type.String(), scopes: Type.Array(Type.String()), tier: Type.Union([Type.String(), Type.Null()]) })
    app.route({
      method: ['GET', 'POST'],
      url,
      ...operation({ id: `probe-${role}`, tag: 'Probe', summary: 'Probe', access: { role, scope }, response: { 200: Answer } }),
      handler: async request => {
        const { actor, scopes, tier } = principalOf(request)
        return { actor, scopes: [...scopes], tier }
      }
    })
  }
  app.route({
    method: 'GET',
    url: '/probe/public',
    ...operation({ id: 'probe-public', tag: 'Probe', summary: 'Probe', access: 'public', response: { 200: Type.Object({}) } }),
    handler: async () => ({})
  })
  t.teardown(async () => {
    await app.close()
    await db.close()
  })
  return { app, db, authenticator }
}

type Instance = Awaited<ReturnType<typeof startInstance>>

interface CallOptions {
  readonly key?: string | null
  readonly body?: unknown
  readonly ip?: string
  readonly headers?: Record<string, string>
}

/** Calls an instance; the key is the bootstrap key unless told. */
export function client({ app }: Pick<Instance, 'app'>) {
  return async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, { key = BOOTSTRAP_KEY, body, ip, headers }: CallOptions = {}) => {
    const answer = await app.inject({
      method,
      url,
      headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...headers },
      ...(body === undefined ? {} : { payload: body as object }),
      ...(ip === undefined ? {} : { remoteAddress: ip })
    })
    const json = answer.body === '' ? null : answer.json()
    return { status: answer.statusCode, body: json, code: json?.code as string | undefined, headers: answer.headers, text: answer.body }
  }
}

export async function startAccounts(t: Teardown, options: Omit<AppOptions, 'databaseUrl'> = {}) {
  const databaseUrl = await createTestDatabase(t)
  const instance = await startInstance(t, { ...options, databaseUrl })
  const call = client(instance)
  return {
    ...instance,
    databaseUrl,
    call,
    newReseller: async (body: object = {}): Promise<string> =>
      (await call('POST', '/v1/admin/resellers', { body: { name: 'Shop', ...body } })).body.id,
    newSupplier: async (): Promise<string> => (await call('POST', '/v1/admin/suppliers', { body: { name: 'Key works' } })).body.id,
    newKey: async (resellerId: string, body: object = {}): Promise<{ id: string; key: string }> =>
      (await call('POST', `/v1/admin/resellers/${resellerId}/api-keys`, { body: { name: 'bot', ...body } })).body
  }
}
