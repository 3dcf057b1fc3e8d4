/** Files: secrets that lie where they must not, and indexes that do not hold what their tables hold. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import pg from 'pg'
import { createFindings, type Finding } from './finding.ts'

export interface ScanRequest {
  /** Data directory, logs, what endpoints got. */
  readonly paths: readonly string[]
  readonly secrets: readonly string[]
  /** Where to write the patterns; outside of the paths. */
  readonly patternFile: string
}

const SHOWN = 5

/** Every file, byte by byte: tables, indexes, write-ahead log, logs. */
export function scanForSecrets({ paths, secrets, patternFile }: ScanRequest): Finding[] {
  const found = createFindings()
  writeFileSync(patternFile, `${secrets.filter(secret => secret !== '').join('\n')}\n`, { mode: 0o600 })
  const { status, stdout, stderr } = spawnSync('grep', ['-rlaF', '-f', patternFile, ...paths], { encoding: 'utf8' })
  if (status === null || status > 1) found.add('the scan for secrets works', stderr)
  const files = stdout.split('\n').filter(line => line !== '')
  if (files.length > 0) found.add('no secret lies in a file', `${files.slice(0, SHOWN).join(', ')} (${files.length})`)
  return found.list
}

/** All that Valkey holds, as it would lie on its disk. */
export async function dumpValkey(url: string, file: string): Promise<void> {
  const redis = new Redis(url, { maxRetriesPerRequest: 1 })
  redis.on('error', () => undefined)
  try {
    const keys = await redis.keys('*')
    const values = await Promise.all(keys.map(key => redis.dumpBuffer(key)))
    writeFileSync(file, Buffer.concat([Buffer.from(keys.join('\n')), ...values.filter(value => value !== null)]))
  } finally {
    redis.disconnect()
  }
}

const INDEXES = `
  SELECT c.oid::regclass::text AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_am a ON a.oid = c.relam JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE a.amname = 'btree' AND n.nspname = 'public' AND i.indisvalid ORDER BY 1`

/** Every index of ours, against its table. Returns how many were checked. */
export async function checkIndexes(databaseUrl: string): Promise<{ checked: number; findings: Finding[] }> {
  const found = createFindings()
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query('CREATE EXTENSION IF NOT EXISTS amcheck')
    const { rows } = await client.query<{ name: string }>(INDEXES)
    for (const { name } of rows) {
      try {
        await client.query('SELECT bt_index_check($1::regclass, true)', [name])
      } catch (error) {
        found.add('indexes hold what their tables hold', `${name}: ${(error as Error).message}`)
      }
    }
    const { rows: tables } = await client.query<{ name: string; broken: string }>(
      `SELECT c.relname AS name, v.msg AS broken FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       CROSS JOIN LATERAL verify_heapam(c.oid::regclass) v WHERE c.relkind = 'r' AND n.nspname = 'public' LIMIT ${SHOWN}`
    )
    for (const { name, broken } of tables) found.add('tables are sound', `${name}: ${broken}`)
    return { checked: rows.length, findings: found.list }
  } finally {
    await client.end()
  }
}
