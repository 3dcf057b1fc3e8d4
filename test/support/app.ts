/** A whole kahub for one test file: its own database from the template, real Redis, real HTTP routes. */
import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { createServices, type ServiceOverrides } from '../../src/services.ts'
import { startWorker } from '../../src/worker.ts'
import { createTestDatabase } from './database.ts'

export const ADMIN_KEY = 'test-operator-key-0123456789abcdef'
export const MASTER_KEY = Buffer.alloc(32, 7).toString('base64')

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>
  /** The parsed body. */
  readonly body: Json
}

/** Tests read answers as a client would: without our types. */
// biome-ignore lint/suspicious/noExplicitAny: a client does not know our types
export type Json = any

export interface CallOptions {
  readonly body?: unknown
  readonly key?: string
  readonly headers?: Readonly<Record<string, string>>
}

export type Call = (method: string, path: string, options?: CallOptions) => Promise<Reply>

export type TestApp = Awaited<ReturnType<typeof startTestApp>>

let keys = 0
export const freshKey = (): string => `test-${randomBytes(6).toString('hex')}-${keys++}`

/** Closed, with its database, when the test ends; the invariants are checked before. */
export async function startTestApp(
  t: Pick<Test, 'teardown'>,
  overrides: ServiceOverrides & {
    readonly databaseUrl?: string
    readonly redisUrl?: string
    readonly worker?: boolean
    readonly logLines?: string[]
    /** On top of the environment of all tests. */
    readonly env?: Readonly<Record<string, string>>
    /** Servers of a test run on this machine; false: they are refused, as in production. */
    readonly allowPrivateTargets?: boolean
    /** Of a database that was used with another one than `MASTER_KEY`. */
    readonly masterKey?: string
  } = {}
) {
  const databaseUrl = overrides.databaseUrl ?? (await createTestDatabase(t))
  const config = readConfig({
    DATABASE_URL: databaseUrl,
    REDIS_URL: overrides.redisUrl ?? process.env['TEST_REDIS_URL'],
    KAHUB_ADMIN_KEY: ADMIN_KEY,
    KAHUB_MASTER_KEY: overrides.masterKey ?? MASTER_KEY,
    KAHUB_ALLOW_UNSAFE_DATABASE: 'true',
    KAHUB_ALLOW_PRIVATE_TARGETS: String(overrides.allowPrivateTargets ?? true),
    PORT: '0',
    ...overrides.env
  })
  const lines = overrides.logLines
  const log = lines === undefined ? createLog('silent') : createLog('info', { write: line => void lines.push(line) })
  const services = await createServices(config, log, overrides)
  const worker = overrides.worker === true ? startWorker(services, log) : null
  const app = await buildApp(services, log)
  await app.ready()
  const admin = caller(app, ADMIN_KEY)
  t.teardown(async () => {
    const report = await admin('GET', '/v1/admin/invariants')
    await app.close()
    await worker?.stop()
    await services.close()
    if (report.body.ok !== true) throw new Error(`invariants broken: ${JSON.stringify(report.body)}`)
  })
  return { app, services, databaseUrl, admin, as: (key: string) => caller(app, key), anonymous: caller(app, null) }
}

function caller(app: Awaited<ReturnType<typeof buildApp>>, credential: string | null): Call {
  return async (method, path, options = {}) => {
    const isText = typeof options.body === 'string'
    const response = await app.inject({
      method: method as 'GET',
      url: path,
      headers: {
        ...(credential === null ? {} : { authorization: `Bearer ${credential}` }),
        ...(method === 'POST' ? { 'idempotency-key': options.key ?? freshKey() } : {}),
        ...(options.body === undefined || isText ? {} : { 'content-type': 'application/json' }),
        ...options.headers
      },
      ...(options.body === undefined ? {} : { payload: isText ? (options.body as string) : JSON.stringify(options.body) })
    })
    return { status: response.statusCode, headers: response.headers, body: parse(response.body) }
  }
}

function parse(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
