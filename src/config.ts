/** The only reader of the environment. Everything is checked here, once, and frozen; a mistake is a sentence that says what to do. */
import { randomBytes } from 'node:crypto'
import envSchema from 'env-schema'
import { FAILPOINTS, type Failpoint } from './kit/failpoint.ts'
import { readRedisUrl } from './kit/redis-url.ts'

export interface MasterKey {
  readonly kid: string
  readonly key: Buffer
}

export interface Config {
  readonly port: number
  readonly host: string
  /** Null: start the embedded PostgreSQL. */
  readonly databaseUrl: string | null
  /** For migrations, where `databaseUrl` leads through a pooler or to a role that may not create tables. */
  readonly migrationUrl: string | null
  /** Null: start the embedded Valkey. */
  readonly redisUrl: string | null
  readonly dataDir: string
  /** Null: generated, or read from the data directory (embedded mode only). */
  readonly adminKey: string | null
  /** Newest first. Null: generated into, or read from, the data directory (embedded mode only). */
  readonly masterKeys: readonly MasterKey[] | null
  readonly process: 'api' | 'worker' | 'all'
  readonly logLevel: string
  readonly databaseConnections: number
  readonly jwt: { readonly issuer: string; readonly audience: string; readonly jwksUrl: string } | null
  readonly trustProxy: boolean
  /** Its keys are `kh_test_`; everywhere else such keys do not exist. */
  readonly sandbox: boolean
  /** Requests a minute for each API key, in each process. */
  readonly rateLimitPerMinute: number
  readonly allowUnsafeDatabase: boolean
  /** Webhooks and supplier calls may go to internal addresses and over http: for development and tests. */
  readonly allowPrivateTargets: boolean
  /** Where suppliers reach this hub, such as `https://hub.example.com`. Null: they cannot, and are asked instead. */
  readonly publicUrl: string | null
  /** Host name → the protocol of the shops that call it. */
  readonly facadeHosts: ReadonlyMap<string, string>
  /** Where a test of crashes ends this process. */
  readonly failpoint: Failpoint | null
  /** How long answers to requests other than orders are replayed. */
  readonly idempotencyDays: number
  /** How long events are kept. */
  readonly eventDays: number
  /** Null: no traces. */
  readonly traces: TraceConfig | null
}

export interface TraceConfig {
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  readonly serviceName: string
  readonly sampleRatio: number
}

class ConfigError extends Error {}

const ADMIN_KEY_MIN_CHARACTERS = 32
const MASTER_KEY_BYTES = 32
const POSTGRES_URL = '^postgres(ql)?://.+'
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

/** An unset variable and an empty one are the same. */
const SCHEMA = {
  type: 'object',
  properties: {
    PORT: { type: 'integer', minimum: 0, maximum: 65_535, default: 3000 },
    HOST: { type: 'string', default: '127.0.0.1' },
    DATABASE_URL: { type: 'string', pattern: POSTGRES_URL },
    KAHUB_MIGRATION_URL: { type: 'string', pattern: POSTGRES_URL },
    REDIS_URL: { type: 'string', pattern: '^rediss?(\\+sentinel|\\+cluster)?://.+' },
    KAHUB_DATA_DIR: { type: 'string', default: '.kahub' },
    KAHUB_ADMIN_KEY: { type: 'string', minLength: ADMIN_KEY_MIN_CHARACTERS },
    KAHUB_MASTER_KEY: { type: 'string' },
    KAHUB_PROCESS: { type: 'string', enum: ['api', 'worker', 'all'], default: 'all' },
    LOG_LEVEL: { type: 'string', enum: LOG_LEVELS, default: 'info' },
    KAHUB_DATABASE_CONNECTIONS: { type: 'integer', minimum: 2, maximum: 200, default: 12 },
    KAHUB_JWT_ISSUER: { type: 'string' },
    KAHUB_JWT_AUDIENCE: { type: 'string' },
    KAHUB_JWT_JWKS_URL: { type: 'string', pattern: '^https?://.+' },
    KAHUB_TRUST_PROXY: { type: 'boolean', default: false },
    KAHUB_IDEMPOTENCY_DAYS: { type: 'integer', minimum: 1, maximum: 36_500, default: 400 },
    KAHUB_EVENT_DAYS: { type: 'integer', minimum: 7, maximum: 36_500, default: 400 },
    KAHUB_SANDBOX: { type: 'boolean', default: false },
    KAHUB_RATE_LIMIT_PER_MINUTE: { type: 'integer', minimum: 1, maximum: 1_000_000_000, default: 600_000 },
    KAHUB_ALLOW_UNSAFE_DATABASE: { type: 'boolean', default: false },
    KAHUB_ALLOW_PRIVATE_TARGETS: { type: 'boolean', default: false },
    KAHUB_PUBLIC_URL: { type: 'string', pattern: '^https?://[^\\s?#]+$' },
    KAHUB_FACADE_HOSTS: { type: 'string' },
    KAHUB_FAILPOINT: { type: 'string' },
    NODE_ENV: { type: 'string' },
    OTEL_EXPORTER_OTLP_ENDPOINT: { type: 'string', pattern: '^https?://.+' },
    OTEL_EXPORTER_OTLP_HEADERS: { type: 'string', default: '' },
    OTEL_SERVICE_NAME: { type: 'string', default: 'kahub' },
    OTEL_TRACES_SAMPLER_ARG: { type: 'number', minimum: 0, maximum: 1, default: 1 }
  }
}

interface Env {
  readonly PORT: number
  readonly HOST: string
  readonly DATABASE_URL?: string
  readonly KAHUB_MIGRATION_URL?: string
  readonly REDIS_URL?: string
  readonly KAHUB_DATA_DIR: string
  readonly KAHUB_ADMIN_KEY?: string
  readonly KAHUB_MASTER_KEY?: string
  readonly KAHUB_PROCESS: Config['process']
  readonly LOG_LEVEL: string
  readonly KAHUB_DATABASE_CONNECTIONS: number
  readonly KAHUB_JWT_ISSUER?: string
  readonly KAHUB_JWT_AUDIENCE?: string
  readonly KAHUB_JWT_JWKS_URL?: string
  readonly KAHUB_TRUST_PROXY: boolean
  readonly KAHUB_IDEMPOTENCY_DAYS: number
  readonly KAHUB_EVENT_DAYS: number
  readonly KAHUB_SANDBOX: boolean
  readonly KAHUB_RATE_LIMIT_PER_MINUTE: number
  readonly KAHUB_ALLOW_UNSAFE_DATABASE: boolean
  readonly KAHUB_PUBLIC_URL?: string
  readonly KAHUB_ALLOW_PRIVATE_TARGETS: boolean
  readonly KAHUB_FACADE_HOSTS?: string
  readonly KAHUB_FAILPOINT?: string
  readonly NODE_ENV?: string
  readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string
  readonly OTEL_EXPORTER_OTLP_HEADERS: string
  readonly OTEL_SERVICE_NAME: string
  readonly OTEL_TRACES_SAMPLER_ARG: number
}

type Source = Readonly<Record<string, string | undefined>>

/** Throws ConfigError. */
export function readConfig(source: Source = process.env): Config {
  const env = parse(source)
  if (env.DATABASE_URL !== undefined) requireSecrets(env)
  if (env.REDIS_URL !== undefined) readRedisUrl(env.REDIS_URL)
  return Object.freeze({
    port: env.PORT,
    host: env.HOST,
    databaseUrl: env.DATABASE_URL ?? null,
    migrationUrl: env.KAHUB_MIGRATION_URL ?? null,
    redisUrl: env.REDIS_URL ?? null,
    dataDir: env.KAHUB_DATA_DIR,
    adminKey: env.KAHUB_ADMIN_KEY ?? null,
    masterKeys: env.KAHUB_MASTER_KEY === undefined ? null : parseMasterKeys(env.KAHUB_MASTER_KEY),
    process: env.KAHUB_PROCESS,
    logLevel: env.LOG_LEVEL,
    databaseConnections: env.KAHUB_DATABASE_CONNECTIONS,
    jwt: jwt(env),
    trustProxy: env.KAHUB_TRUST_PROXY,
    sandbox: env.KAHUB_SANDBOX,
    rateLimitPerMinute: env.KAHUB_RATE_LIMIT_PER_MINUTE,
    allowUnsafeDatabase: env.KAHUB_ALLOW_UNSAFE_DATABASE,
    allowPrivateTargets: env.KAHUB_ALLOW_PRIVATE_TARGETS,
    publicUrl: env.KAHUB_PUBLIC_URL ?? null,
    facadeHosts: parseFacadeHosts(env.KAHUB_FACADE_HOSTS ?? ''),
    failpoint: readFailpoint(env),
    idempotencyDays: env.KAHUB_IDEMPOTENCY_DAYS,
    eventDays: env.KAHUB_EVENT_DAYS,
    traces: traces(env)
  })
}

function parse(source: Source): Env {
  const data: Record<string, string> = {}
  for (const name of Object.keys(SCHEMA.properties)) {
    const value = source[name]?.trim()
    if (value) data[name] = value
  }
  try {
    return envSchema<Env>({ data, schema: SCHEMA, env: false })
  } catch (error) {
    throw new ConfigError(`Check the environment: ${(error as Error).message.replaceAll('env/', '')}`)
  }
}

function requireSecrets(env: Env): void {
  if (env.KAHUB_ADMIN_KEY === undefined) {
    throw new ConfigError(`With DATABASE_URL, set KAHUB_ADMIN_KEY to a secret of 32 or more characters, for example: ${exampleKey('base64url')}`)
  }
  if (env.KAHUB_MASTER_KEY === undefined) {
    throw new ConfigError(
      `With DATABASE_URL, set KAHUB_MASTER_KEY to 32 bytes of base64 and keep it safe: without it no card can be read. For example: ${exampleKey('base64')}`
    )
  }
  if (env.REDIS_URL === undefined) {
    throw new ConfigError('With DATABASE_URL, set REDIS_URL as well: instances that share a database must share a Redis')
  }
}

/** `name` or `name:hit`. A crash on demand has no place where anything is for sale. */
function readFailpoint({ KAHUB_FAILPOINT: text, NODE_ENV: mode }: Env): Failpoint | null {
  if (text === undefined) return null
  if (mode === 'production') throw new ConfigError('KAHUB_FAILPOINT ends the process on purpose: unset it, or unset NODE_ENV=production')
  const [, wanted, hit = '1'] = /^([a-z.]+)(?::([1-9][0-9]{0,5}))?$/.exec(text) ?? []
  const name = FAILPOINTS.find(each => each === wanted)
  if (name === undefined) throw new ConfigError(`KAHUB_FAILPOINT must be name or name:hit, with one of ${FAILPOINTS.join(', ')}`)
  return { name, hit: Number(hit) }
}

const exampleKey = (encoding: 'base64' | 'base64url'): string => randomBytes(MASTER_KEY_BYTES).toString(encoding)

function jwt({ KAHUB_JWT_ISSUER: issuer, KAHUB_JWT_AUDIENCE: audience, KAHUB_JWT_JWKS_URL: jwksUrl }: Env): Config['jwt'] {
  if (issuer === undefined && audience === undefined && jwksUrl === undefined) return null
  if (issuer === undefined || audience === undefined || jwksUrl === undefined) {
    throw new ConfigError('Operators with a JWT need all three: KAHUB_JWT_ISSUER, KAHUB_JWT_AUDIENCE and KAHUB_JWT_JWKS_URL')
  }
  return { issuer, audience, jwksUrl }
}

/** The standard's own variables. Headers are `name=value,…`, percent-encoded. */
function traces(env: Env): TraceConfig | null {
  if (env.OTEL_EXPORTER_OTLP_ENDPOINT === undefined) return null
  const pairs = env.OTEL_EXPORTER_OTLP_HEADERS.split(',').filter(pair => pair.includes('='))
  return {
    endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
    headers: Object.fromEntries(
      pairs.map(pair => [pair.slice(0, pair.indexOf('=')).trim(), decodeURIComponent(pair.slice(pair.indexOf('=') + 1).trim())])
    ),
    serviceName: env.OTEL_SERVICE_NAME,
    sampleRatio: env.OTEL_TRACES_SAMPLER_ARG
  }
}

/** One key of 32 bytes in base64, which is called `main`, or a comma list of `kid:key`, newest first. */
export function parseMasterKeys(text: string): MasterKey[] {
  const keys = text.split(',').map(part => {
    const [, kid = 'main', encoded = ''] = /^(?:([A-Za-z0-9_-]{1,32}):)?([A-Za-z0-9+/_=-]+)$/.exec(part.trim()) ?? []
    const key = Buffer.from(encoded, 'base64')
    if (key.length !== MASTER_KEY_BYTES) {
      throw new ConfigError('KAHUB_MASTER_KEY must be 32 bytes of base64, or a comma list of kid:key with such keys, newest first')
    }
    return { kid, key }
  })
  if (new Set(keys.map(({ kid }) => kid)).size !== keys.length) throw new ConfigError('KAHUB_MASTER_KEY names one kid twice')
  return keys
}

/** `acg.example.com=acg-faka,dn.example.com=dujiao-next`. */
function parseFacadeHosts(text: string): ReadonlyMap<string, string> {
  const pairs = text.split(',').filter(part => part.trim() !== '')
  return new Map(
    pairs.map(part => {
      const [, host = '', protocol = ''] = /^([A-Za-z0-9.-]+)=([a-z0-9-]+)$/.exec(part.trim()) ?? []
      if (host === '') throw new ConfigError('KAHUB_FACADE_HOSTS must be a comma list of host=protocol, such as acg.example.com=acg-faka')
      return [host.toLowerCase(), protocol]
    })
  )
}
