/** The servers that everything runs on: embedded PostgreSQL with all its promises on, and embedded Valkey, in a directory that goes away. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startEmbeddedPostgres, startEmbeddedValkey } from '../../../src/embedded/index.ts'
import { familyCpuSeconds } from './process-stats.ts'

const PREFIX = 'kahub-bench-'
const PROMISES = ['fsync', 'full_page_writes', 'synchronous_commit']

export interface Lab {
  readonly directory: string
  readonly databaseUrl: string
  readonly redisUrl: string
  /** On the bench's own connection, as the owner of everything. */
  readonly client: pg.Client
  readonly settings: Readonly<Record<string, string>>
  /** A new, empty database on the same server. */
  createDatabase(name: string): Promise<string>
  postgresCpuSeconds(): number
  stop(): Promise<void>
}

/** Directories of runs that were killed. */
function sweep(): void {
  for (const name of readdirSync(tmpdir()).filter(entry => entry.startsWith(PREFIX))) {
    try {
      process.kill(Number(name.slice(PREFIX.length).split('-')[0]), 0)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') rmSync(join(tmpdir(), name), { recursive: true, force: true })
    }
  }
}

async function startPostgres(dataDir: string, withStatistics: boolean) {
  const first = await startEmbeddedPostgres({ dataDir })
  if (!withStatistics) return first
  // Only at a start can a library be loaded.
  const client = await connect(first.url)
  await client.query("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
  await client.query("ALTER SYSTEM SET pg_stat_statements.track_planning = 'on'")
  await client.end()
  await first.stop()
  return await startEmbeddedPostgres({ dataDir })
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'bench' })
  await client.connect()
  return client
}

/** Throws an Error if PostgreSQL could lose a commit: such figures would mean nothing. */
async function readSettings(client: pg.Client): Promise<Record<string, string>> {
  const names = [...PROMISES, 'server_version', 'shared_buffers', 'max_wal_size', 'wal_compression']
  const { rows } = await client.query<{ name: string; setting: string }>('SELECT name, setting FROM pg_settings WHERE name = ANY ($1)', [names])
  const settings = Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))
  const off = PROMISES.filter(name => settings[name] !== 'on')
  if (off.length > 0) throw new Error(`PostgreSQL runs with ${off.join(', ')} off`)
  return settings
}

export async function startLab({ profile }: { readonly profile: boolean }): Promise<Lab> {
  sweep()
  const directory = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`))
  const postgres = await startPostgres(directory, profile)
  const valkey = await startEmbeddedValkey()
  const client = await connect(postgres.url)
  const settings = await readSettings(client)
  if (profile) await client.query('CREATE EXTENSION pg_stat_statements')
  const postmaster = Number(readFileSync(join(directory, 'postgres', 'postmaster.pid'), 'latin1').split('\n')[0])
  return {
    directory,
    databaseUrl: postgres.url,
    redisUrl: valkey.url,
    client,
    settings,
    createDatabase: async name => {
      await client.query(`CREATE DATABASE ${name}`)
      const url = new URL(postgres.url)
      url.pathname = `/${name}`
      return url.href
    },
    postgresCpuSeconds: () => familyCpuSeconds(postmaster),
    stop: async () => {
      await client.end()
      await Promise.all([postgres.stop(), valkey.stop()])
      rmSync(directory, { recursive: true, force: true })
    }
  }
}
