import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { createTempDataDir, startEmbeddedPostgres, startEmbeddedValkey } from '../src/embedded/index.ts'
import { migrate } from '../src/kit/db/migrate.ts'
import { countTap, listFailures } from './support/tap-counts.ts'

const ROOT = dirname(import.meta.dirname)
const TEMPLATE = 'kahub_template'
const RESULTS = join(ROOT, '.tap', 'results.tap')
// Two files at a time: more only makes time-sensitive tests wait for each other on a small machine.
const JOBS = 2

interface Servers {
  databaseUrl: string
  redisUrl: string
  stop(): Promise<void>
}

async function startServers(): Promise<Servers> {
  const { TEST_DATABASE_URL, TEST_REDIS_URL } = process.env
  const stops: (() => Promise<void> | void)[] = []
  const stop = async () => {
    for (const action of stops.splice(0).reverse()) await action()
  }
  try {
    let databaseUrl = TEST_DATABASE_URL
    if (!databaseUrl) {
      const dataDir = createTempDataDir('kahub-test-')
      stops.push(() => rmSync(dataDir, { recursive: true, force: true }))
      // Not durable: this cluster never outlives the run.
      const postgres = await startEmbeddedPostgres({ dataDir, durable: false })
      stops.push(postgres.stop)
      databaseUrl = postgres.url
    }
    let redisUrl = TEST_REDIS_URL
    if (!redisUrl) {
      const valkey = await startEmbeddedValkey()
      stops.push(valkey.stop)
      redisUrl = valkey.url
    }
    return { databaseUrl, redisUrl, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Every test file copies this database instead of migrating its own. */
async function createTemplate(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query(`DROP DATABASE IF EXISTS ${TEMPLATE} WITH (FORCE)`)
    await client.query(`CREATE DATABASE ${TEMPLATE}`)
  } finally {
    await client.end()
  }
  const url = new URL(databaseUrl)
  url.pathname = `/${TEMPLATE}`
  await migrate({ databaseUrl: url.href })
}

function startTap(files: string[], { databaseUrl, redisUrl }: Servers): ChildProcess {
  mkdirSync(dirname(RESULTS), { recursive: true })
  rmSync(RESULTS, { force: true })
  const tap = join(dirname(fileURLToPath(import.meta.resolve('tap'))), '..', 'esm', 'run.mjs')
  // The thresholds are for the whole suite; a few files never reach them.
  const partial = files.length > 0 ? ['--disable-coverage'] : []
  const args = [tap, `--jobs=${JOBS}`, '--reporter=min', `--output-file=${RESULTS}`, ...partial, ...files]
  const env = {
    ...process.env,
    TEST_DATABASE_URL: databaseUrl,
    TEST_REDIS_URL: redisUrl,
    TEST_TEMPLATE: TEMPLATE
  }
  return spawn(process.execPath, args, { cwd: ROOT, env, stdio: 'inherit' })
}

function waitForTap(child: ChildProcess): Promise<number> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', code => resolve(code ?? 1))
  })
}

function readResults(): string {
  try {
    return readFileSync(RESULTS, 'utf8')
  } catch {
    return ''
  }
}

async function run(files: string[]): Promise<number> {
  const servers = await startServers()
  try {
    await createTemplate(servers.databaseUrl)
    const code = await waitForTap(startTap(files, servers))
    const results = readResults()
    const { passed, failed } = countTap(results)
    // The reporter leaves its last line open.
    process.stdout.write('\n')
    if (passed + failed === 0) console.log('No test was found or could run.')
    else if (failed === 0 && code !== 0) console.log(`No test failed, but tap ended with ${code}: interrupted, or coverage below .taprc.`)
    if (failed > 0) console.log(listFailures(results))
    console.log(`${passed} passed, ${failed} failed`)
    return code !== 0 || failed > 0 || passed === 0 ? 1 : 0
  } finally {
    await servers.stop()
  }
}

try {
  process.exitCode = await run(process.argv.slice(2))
} catch (error) {
  console.error(error)
  console.log('0 passed, 1 failed')
  process.exitCode = 1
}
