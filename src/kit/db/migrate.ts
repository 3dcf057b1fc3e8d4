/**
 * Applies `migrations/NNNN_name.sql` in order, each once, each in a transaction of its own, under an advisory lock of that transaction:
 * any number of instances may start together, also through a pooler. Forward only: an applied file that changed is refused.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Client } from 'pg'

const { Client: PgClient } = createRequire(import.meta.url)('pg') as typeof import('pg')

const MIGRATIONS_DIR = new URL('../../../migrations/', import.meta.url)
/** Any constant will do, as long as every instance uses the same one. */
const LOCK_ID = 5_280_417_213
/** A migration waits no longer than this for a lock that running orders hold; it fails and is started again. */
const LOCK_TIMEOUT = '10s'

export interface MigrateOptions {
  readonly databaseUrl: string
  readonly log?: (line: string) => void
}

/** Throws an Error that says which file failed and why; what was applied before stays applied. */
export async function migrate(options: MigrateOptions): Promise<{ applied: string[] }> {
  const client = new PgClient({ connectionString: options.databaseUrl })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return { applied: await applyPending(client, options.log ?? (() => undefined)) }
  } finally {
    await client.end()
  }
}

async function applyPending(client: Client, log: (line: string) => void): Promise<string[]> {
  const names = (await readdir(MIGRATIONS_DIR)).filter(file => /^\d{4}_.+\.sql$/.test(file)).sort()
  const known = await readApplied(client)
  const applied: string[] = []
  for (const name of names) {
    const text = await readFile(new URL(name, MIGRATIONS_DIR), 'utf8')
    const migration = { name, text, checksum: createHash('sha256').update(text).digest('hex') }
    if (isDone(migration, known)) continue
    if (!(await applyOne(client, migration))) continue
    applied.push(name)
    log(`applied migrations/${name}`)
  }
  return applied
}

interface Migration {
  readonly name: string
  readonly text: string
  readonly checksum: string
}

function isDone({ name, checksum }: Migration, applied: ReadonlyMap<string, string>): boolean {
  const known = applied.get(name)
  if (known !== undefined && known !== checksum) {
    throw new Error(`migrations/${name} was changed after it had been applied; add a new migration instead`)
  }
  return known !== undefined
}

/** By name, with the checksum; none if nothing was ever applied. */
async function readApplied(client: Client): Promise<Map<string, string>> {
  const { rows: found } = await client.query("SELECT to_regclass('schema_migration') IS NOT NULL AS exists")
  if (found[0]?.exists !== true) return new Map()
  const { rows } = await client.query<{ name: string; checksum: string }>('SELECT name, checksum FROM schema_migration')
  return new Map(rows.map(row => [row.name, row.checksum]))
}

/** False if another instance was faster. */
async function applyOne(client: Client, migration: Migration): Promise<boolean> {
  await client.query('BEGIN')
  try {
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK_ID])
    if (isDone(migration, await readApplied(client))) {
      await client.query('ROLLBACK')
      return false
    }
    await client.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`)
    await client.query(`CREATE TABLE IF NOT EXISTS schema_migration
      (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`)
    await client.query(migration.text)
    await client.query('INSERT INTO schema_migration (name, checksum) VALUES ($1, $2)', [migration.name, migration.checksum])
    await client.query('COMMIT')
    return true
  } catch (error) {
    await client.query('ROLLBACK')
    throw new Error(`migrations/${migration.name} failed: ${(error as Error).message}`, { cause: error })
  }
}
