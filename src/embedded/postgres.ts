import { mkdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { accountFor } from './account.ts'
import { type EmbeddedPostgresOptions, type EmbeddedServer, errorMessage, silentLogger } from './contract.ts'
import { claimDataDir, DataDirInUse, endOldPostmaster } from './data-owner.ts'
import { prepareBinaries } from './postgres-binaries.ts'
import { type Cluster, ensureCluster, ROLE } from './postgres-cluster.ts'
import { DEFAULT_SHARED_BUFFERS_MB } from './postgres-settings.ts'
import { startPostmaster, stopPostmaster } from './postmaster.ts'

const DATABASE = 'kahub'
const LOCKED = /lock file "postmaster.pid" already exists/

/** Doubles as the proof that the server answers and knows our password. */
async function ensureDatabase(maintenanceUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: maintenanceUrl })
  await client.connect()
  try {
    const found = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE])
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`)
  } finally {
    await client.end()
  }
}

function openDataDir(path: string): string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return realpathSync(path)
  } catch (error) {
    throw new Error(`The data directory cannot be used (${errorMessage(error)}): set KAHUB_DATA_DIR to one that can.`)
  }
}

function claim(dataDir: string): () => void {
  try {
    return claimDataDir(dataDir)
  } catch (error) {
    if (error instanceof DataDirInUse) throw error
    throw new Error(`${dataDir} cannot be written (${errorMessage(error)}): start kahub as the user it belongs to, or set KAHUB_DATA_DIR.`)
  }
}

async function start(dataDir: string, options: EmbeddedPostgresOptions, onEnd: (() => void)[]): Promise<{ url: string; shutDown(): Promise<void> }> {
  const logger = options.logger ?? silentLogger
  const durable = options.durable ?? true
  onEnd.push(claim(dataDir))
  const directory = join(dataDir, 'postgres')
  const logFile = join(dataDir, 'postgres.log')
  await endOldPostmaster(directory)
  const account = accountFor(directory)
  const binaries = await prepareBinaries(dataDir, account)
  onEnd.push(binaries.release)
  const cluster: Cluster = { directory, account, binDir: binaries.binDir }
  const password = await ensureCluster(dataDir, cluster, durable)
  const sharedBuffersMb = options.sharedBuffersMb ?? DEFAULT_SHARED_BUFFERS_MB
  const { child, port } = await startPostmaster(cluster, logFile, { durable, sharedBuffersMb })
  let stopping = false
  child.once('exit', () => {
    if (!stopping) logger.warn(`PostgreSQL ended unexpectedly; its log is ${logFile}`)
  })
  const shutDown = () => {
    stopping = true
    return stopPostmaster(child)
  }
  const base = `postgresql://${ROLE}:${password}@127.0.0.1:${port}`
  try {
    await ensureDatabase(`${base}/postgres`)
  } catch (error) {
    await shutDown()
    throw new Error(`PostgreSQL runs but refuses kahub (${errorMessage(error)}); its log is ${logFile}`, {
      cause: error
    })
  }
  logger.info(`embedded PostgreSQL listens on 127.0.0.1:${port}, data in ${directory}`)
  return { url: `${base}/${DATABASE}`, shutDown }
}

/**
 * Starts PostgreSQL as a child process that ends with this one, on data that survives.
 * Throws DataDirInUse, and Errors whose message says what to do.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedServer> {
  const dataDir = openDataDir(options.dataDir)
  const onEnd: (() => void)[] = []
  const cleanUp = () => {
    for (const action of onEnd.splice(0).reverse()) action()
  }
  try {
    const { url, shutDown } = await start(dataDir, options, onEnd)
    let stopped: Promise<void> | undefined
    const stop = () => {
      stopped ??= shutDown().then(cleanUp)
      return stopped
    }
    return { url, stop }
  } catch (error) {
    cleanUp()
    throw LOCKED.test(errorMessage(error)) ? new DataDirInUse(dataDir, undefined) : error
  }
}
