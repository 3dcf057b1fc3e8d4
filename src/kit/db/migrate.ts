/**
 * Applies `migrations/NNNN_name.sql` in order, each once, each in a transaction of its own, under an advisory lock:
 * any number of instances may start together. Forward only: an applied file that changed is refused.
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
    await client.query('SELECT pg_advisory_lock($1)', [LOCK_ID])
    await client.query(`SET lock_timeout = '${LOCK_TIMEOUT}'`)
    return { applied: await applyPending(client, options.log ?? (() => undefined)) }
  } finally {
    await client.end()
  }
}

async function applyPending(client: Client, log: (line: string) => void): Promise<string[]> {
  await client.query(`CREATE TABLE IF NOT EXISTS schema_migration
    (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`)
  const { rows } = await client.query<{ name: string; checksum: string }>('SELECT name, checksum FROM schema_migration')
  const done = new Map(rows.map(row => [row.name, row.checksum]))
  const applied: string[] = []
  for (const name of (await readdir(MIGRATIONS_DIR)).filter(file => /^\d{4}_.+\.sql$/.test(file)).sort()) {
    const text = await readFile(new URL(name, MIGRATIONS_DIR), 'utf8')
    const checksum = createHash('sha256').update(text).digest('hex')
    const known = done.get(name)
    if (known === checksum) continue
    if (known !== undefined) throw new Error(`migrations/${name} was changed after it had been applied; add a new migration instead`)
    await applyOne(client, name, text, checksum)
    applied.push(name)
    log(`applied migrations/${name}`)
  }
  return applied
}

async function applyOne(client: Client, name: string, text: string, checksum: string): Promise<void> {
  await client.query('BEGIN')
  try {
    await client.query(text)
    await client.query('INSERT INTO schema_migration (name, checksum) VALUES ($1, $2)', [name, checksum])
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw new Error(`migrations/${name} failed: ${(error as Error).message}`, { cause: error })
  }
}
