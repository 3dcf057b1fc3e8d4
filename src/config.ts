/** The only reader of the environment. Everything is checked here, once, and frozen; a mistake is a sentence that says what to do. */
import { createHash, randomBytes } from 'node:crypto'

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
  /** Requests a minute for each API key, in each process. */
  readonly rateLimitPerMinute: number
  readonly allowUnsafeDatabase: boolean
}

export class ConfigError extends Error {}

const ADMIN_KEY_MIN_CHARACTERS = 32
const MASTER_KEY_BYTES = 32
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

type Env = Readonly<Record<string, string | undefined>>

/** Throws ConfigError. */
export function readConfig(env: Env = process.env): Config {
  const text = (name: string): string | null => env[name]?.trim() || null
  const databaseUrl = url(text('DATABASE_URL'), 'DATABASE_URL', /^postgres(ql)?:\/\//)
  const adminKey = text('KAHUB_ADMIN_KEY')
  const masterKeys = text('KAHUB_MASTER_KEY')
  if (adminKey !== null && adminKey.length < ADMIN_KEY_MIN_CHARACTERS) {
    throw new ConfigError(`KAHUB_ADMIN_KEY must have at least ${ADMIN_KEY_MIN_CHARACTERS} characters, for example: ${exampleKey('base64url')}`)
  }
  if (databaseUrl !== null && adminKey === null) {
    throw new ConfigError(`With DATABASE_URL, set KAHUB_ADMIN_KEY to a secret of 32 or more characters, for example: ${exampleKey('base64url')}`)
  }
  if (databaseUrl !== null && masterKeys === null) {
    throw new ConfigError(
      `With DATABASE_URL, set KAHUB_MASTER_KEY to 32 bytes of base64 and keep it safe: without it no card can be read. For example: ${exampleKey('base64')}`
    )
  }
  return Object.freeze({
    port: integer(env, 'PORT', { fallback: 3000, min: 0, max: 65_535 }),
    host: text('HOST') ?? '127.0.0.1',
    databaseUrl,
    migrationUrl: url(text('KAHUB_MIGRATION_URL'), 'KAHUB_MIGRATION_URL', /^postgres(ql)?:\/\//),
    redisUrl: url(text('REDIS_URL'), 'REDIS_URL', /^rediss?:\/\//),
    dataDir: text('KAHUB_DATA_DIR') ?? '.kahub',
    adminKey,
    masterKeys: masterKeys === null ? null : parseMasterKeys(masterKeys),
    process: oneOf(text('KAHUB_PROCESS') ?? 'all', 'KAHUB_PROCESS', ['api', 'worker', 'all'] as const),
    logLevel: oneOf(text('LOG_LEVEL') ?? 'info', 'LOG_LEVEL', LOG_LEVELS),
    databaseConnections: integer(env, 'KAHUB_DATABASE_CONNECTIONS', { fallback: 12, min: 2, max: 200 }),
    jwt: jwt(text('KAHUB_JWT_ISSUER'), text('KAHUB_JWT_AUDIENCE'), text('KAHUB_JWT_JWKS_URL')),
    trustProxy: text('KAHUB_TRUST_PROXY') === 'true',
    rateLimitPerMinute: integer(env, 'KAHUB_RATE_LIMIT_PER_MINUTE', { fallback: 600_000, min: 1, max: 1_000_000_000 }),
    allowUnsafeDatabase: text('KAHUB_ALLOW_UNSAFE_DATABASE') === 'true'
  })
}

const exampleKey = (encoding: 'base64' | 'base64url'): string => randomBytes(MASTER_KEY_BYTES).toString(encoding)

function url(value: string | null, name: string, pattern: RegExp): string | null {
  if (value === null) return null
  if (!pattern.test(value) || !URL.canParse(value))
    throw new ConfigError(`${name} is not a URL that starts with ${pattern.source.replaceAll(/[\\^?]/g, '')}`)
  return value
}

function integer(env: Env, name: string, range: { fallback: number; min: number; max: number }): number {
  const value = env[name]?.trim()
  if (!value) return range.fallback
  const number = Number(value)
  if (!Number.isInteger(number) || number < range.min || number > range.max) {
    throw new ConfigError(`${name} must be a whole number from ${range.min} to ${range.max}`)
  }
  return number
}

function oneOf<const T extends string>(value: string, name: string, allowed: readonly T[]): T {
  const found = allowed.find(each => each === value)
  if (found === undefined) throw new ConfigError(`${name} must be one of ${allowed.join(', ')}`)
  return found
}

function jwt(issuer: string | null, audience: string | null, jwksUrl: string | null): Config['jwt'] {
  if (issuer === null && audience === null && jwksUrl === null) return null
  if (issuer === null || audience === null || jwksUrl === null || !URL.canParse(jwksUrl)) {
    throw new ConfigError('Operators with a JWT need all three: KAHUB_JWT_ISSUER, KAHUB_JWT_AUDIENCE and KAHUB_JWT_JWKS_URL')
  }
  return { issuer, audience, jwksUrl }
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

/** A key for one purpose, derived from the newest master key: all instances agree on it, and it reveals nothing of the master key. */
export const deriveKey = (masterKeys: readonly MasterKey[], purpose: string): Buffer =>
  createHash('sha256')
    .update(`kahub1|${purpose}|`)
    .update(masterKeys[0]?.key ?? '')
    .digest()
