/**
 * kahub behind a real PgBouncer in transaction mode, as an owner of its database who is no superuser.
 * Not part of `npm test`, because it needs a program that npm does not bring: apt-get install pgbouncer, then
 *
 *     npm run test:pooler               two servers sell a stock; then test files that talk to the database through the pooler
 */
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { createTempDataDir, startEmbeddedPostgres, startEmbeddedValkey } from '../../src/embedded/index.ts'
import { startPgbouncer } from './pgbouncer.ts'
import { type Login, sellThroughPooler } from './sell.ts'

const ROOT = dirname(dirname(import.meta.dirname))
/** Those whose application runs as it does in production, and that do not take the database away. */
const FILES = [
  'test/orders/contention.test.ts',
  'test/orders/place-order.test.ts',
  'test/orders/upstream.test.ts',
  'test/catalog/admin-catalog.test.ts',
  'test/inventory/import-cards.test.ts',
  'test/inventory/move-cards.test.ts',
  'test/webhooks'
]

const OWNER: Login = { user: 'shop_owner', password: 'owner-of-one-database' }

async function runFiles(databaseUrl: string, redisUrl: string, poolerHost: string): Promise<boolean> {
  const child = spawn(process.execPath, [join(ROOT, 'test', 'run.ts'), ...FILES], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, TEST_DATABASE_URL: databaseUrl, TEST_REDIS_URL: redisUrl, TEST_POOLER_HOST: poolerHost }
  })
  return await new Promise(resolve => child.once('exit', code => resolve(code === 0)))
}

async function createOwnedDatabase(serverUrl: string): Promise<string> {
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  try {
    await client.query(`CREATE ROLE ${OWNER.user} LOGIN CREATEROLE PASSWORD '${OWNER.password}'`)
    await client.query(`CREATE DATABASE shop OWNER ${OWNER.user}`)
  } finally {
    await client.end()
  }
  const url = new URL(serverUrl)
  url.username = OWNER.user
  url.password = OWNER.password
  url.pathname = '/shop'
  return url.href
}

const dataDir = createTempDataDir('kahub-pooler-data-')
const postgres = await startEmbeddedPostgres({ dataDir, durable: false })
const valkey = await startEmbeddedValkey()
try {
  const ownedUrl = await createOwnedDatabase(postgres.url)
  const server = new URL(postgres.url)
  const pooler = await startPgbouncer(postgres.url, [{ user: server.username, password: server.password }, OWNER])
  try {
    await sellThroughPooler({ databaseUrl: pooler.url(ownedUrl), redisUrl: valkey.url })
    if (!(await runFiles(postgres.url, valkey.url, pooler.host))) process.exitCode = 1
  } finally {
    await pooler.stop()
  }
} finally {
  await valkey.stop()
  await postgres.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
