/** What must hold of all migrations together. Each answer is a list of what is wrong, empty when nothing is. */
import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { migrate } from '../../src/kit/db/migrate.ts'
import { compareSchemas, readSchema } from './schema.ts'

const ROOT = dirname(dirname(import.meta.dirname))
/** As many as a deployment starts at once. */
const TOGETHER = 4

export async function query<R>(databaseUrl: string, work: (client: pg.Client) => Promise<R>): Promise<R> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** A database without anything of ours, gone afterwards. */
export async function withEmptyDatabase<T>(serverUrl: string, work: (url: string) => Promise<T>): Promise<T> {
  const name = `kahub_check_${randomBytes(6).toString('hex')}`
  await query(serverUrl, client => client.query(`CREATE DATABASE ${name}`))
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  try {
    return await work(url.href)
  } finally {
    await query(serverUrl, client => client.query(`DROP DATABASE ${name} WITH (FORCE)`))
  }
}

const migrationFiles = async (): Promise<string[]> => (await readdir(join(ROOT, 'migrations'))).filter(name => name.endsWith('.sql')).sort()

function compareApplied(what: string, applied: readonly string[], expected: readonly string[]): string[] {
  const same = applied.length === expected.length && applied.every((name, index) => name === expected[index])
  return same ? [] : [`${what} applied [${applied.join(', ')}] and not [${expected.join(', ')}]`]
}

/** On an empty database: the first run applies every file, the second nothing, and leaves the schema as it is. */
export async function migratesOnce(databaseUrl: string): Promise<string[]> {
  const first = await migrate({ databaseUrl })
  const before = await query(databaseUrl, readSchema)
  const second = await migrate({ databaseUrl })
  const after = await query(databaseUrl, readSchema)
  return [
    ...compareApplied('the first run', first.applied, await migrationFiles()),
    ...compareApplied('the second run', second.applied, []),
    ...(before.some(line => line.startsWith('relation orders ')) ? [] : ['the schema has no table orders: this check sees nothing']),
    ...compareSchemas(before, after).map(line => `the second run changed the schema: ${line}`)
  ]
}

/** On an empty database: instances that start at the same moment all succeed, and each file is applied by one of them. */
export async function migratesTogether(databaseUrl: string): Promise<string[]> {
  const runs = await Promise.allSettled(Array.from({ length: TOGETHER }, () => migrate({ databaseUrl })))
  const failed = runs.flatMap(run => (run.status === 'rejected' ? [`one of ${TOGETHER} instances failed: ${String(run.reason)}`] : []))
  const applied = runs.flatMap(run => (run.status === 'fulfilled' ? run.value.applied : []))
  return [...failed, ...compareApplied(`${TOGETHER} instances together`, applied.sort(), await migrationFiles())]
}
