import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import pg from 'pg'
import t from 'tap'
import { startEmbeddedPostgres, startEmbeddedValkey } from '../../src/embedded/index.ts'
import { eventually } from '../support/eventually.ts'

const HOLDER = join(import.meta.dirname, '..', 'support', 'embedded-holder.ts')
const SHARED_BUFFERS_MB = 32

// One cluster for all tests here, because they are about what survives from one start to the next.
const dataDir = mkdtempSync(join(tmpdir(), `kahub-test-${process.pid}-`))
t.teardown(() => rmSync(dataDir, { recursive: true, force: true }))

const startPostgres = () => startEmbeddedPostgres({ dataDir, sharedBuffersMb: SHARED_BUFFERS_MB })

async function query<Row extends pg.QueryResultRow>(url: string, sql: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(sql, values)).rows
  } finally {
    await client.end()
  }
}

async function refusesConnections(url: string): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  try {
    await once(socket, 'connect')
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'
  } finally {
    socket.destroy()
  }
}

async function startHolder(): Promise<{ holder: ChildProcess; databaseUrl: string; redisUrl: string }> {
  const holder = fork(HOLDER, [dataDir])
  const [urls] = (await once(holder, 'message')) as [{ databaseUrl: string; redisUrl: string }]
  return { holder, ...urls }
}

async function kill(holder: ChildProcess): Promise<void> {
  const exited = once(holder, 'exit')
  holder.kill('SIGKILL')
  await exited
}

t.test('PostgreSQL starts crash safe, keeps what it commits, and stops twice as well as once', async t => {
  const first = await startPostgres()
  const [settings] = await query(
    first.url,
    `SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS pages,
       current_setting('synchronous_commit') AS sync, current_setting('data_checksums') AS checksums,
       current_setting('server_version_num')::int / 10000 AS major, current_database() AS database`
  )
  t.strictSame(settings, { fsync: 'on', pages: 'on', sync: 'on', checksums: 'on', major: 18, database: 'kahub' })
  await query(first.url, 'CREATE TABLE kept (value text)')
  await query(first.url, `INSERT INTO kept VALUES ('before')`)
  await Promise.all([first.stop(), first.stop()])
  await first.stop()
  t.ok(await refusesConnections(first.url), 'nothing listens after stop()')
  const second = await startPostgres()
  t.strictSame(await query(second.url, 'SELECT value FROM kept'), [{ value: 'before' }])
  await second.stop()
})

t.test('PostgreSQL asks for its password, and only the owner can read it', async t => {
  const server = await startPostgres()
  t.teardown(server.stop)
  const wrong = new URL(server.url)
  wrong.password = 'wrong'
  await t.rejects(query(wrong.href, 'SELECT'), { code: '28P01' })
  t.equal(statSync(join(dataDir, 'postgres.password')).mode & 0o777, 0o600)
})

t.test('PostgreSQL writes no statement and no value to its log', async t => {
  const server = await startPostgres()
  t.teardown(server.stop)
  const secret = 'KEY-4711-0815'
  await query(server.url, 'CREATE TABLE unique_text (value text PRIMARY KEY)')
  await query(server.url, 'INSERT INTO unique_text VALUES ($1)', [secret])
  await t.rejects(query(server.url, 'INSERT INTO unique_text VALUES ($1)', [secret]), { code: '23505' })
  await t.rejects(query(server.url, `SELECT '${secret}'::int`), { code: '22P02' })
  await t.rejects(query(server.url, 'SELECT $1::text::int', [secret]), { code: '22P02' })
  const log = readFileSync(join(dataDir, 'postgres.log'), 'utf8')
  t.match(log, 'ready to accept connections')
  t.notMatch(log, secret)
})

t.test('a second kahub on the same data directory is refused with the reason', async t => {
  const server = await startPostgres()
  t.teardown(server.stop)
  await t.rejects(startPostgres(), { message: /^Another kahub \(process \d+\) is running on .*KAHUB_DATA_DIR/ })
  t.strictSame(await query(server.url, 'SELECT 1 AS one'), [{ one: 1 }], 'the first one is unharmed')
})

t.test('kill -9 of the owner leaves neither server behind, and the next start needs no help', async t => {
  const { holder, databaseUrl, redisUrl } = await startHolder()
  await query(databaseUrl, `INSERT INTO kept VALUES ('held')`)
  await kill(holder)
  await eventually('PostgreSQL ends', () => refusesConnections(databaseUrl))
  await eventually('Valkey ends', () => refusesConnections(redisUrl))
  await eventually('the shutdown completes', () => !existsSync(join(dataDir, 'postgres', 'postmaster.pid')))
  const next = await startPostgres()
  t.strictSame(await query(next.url, `SELECT value FROM kept WHERE value = 'held'`), [{ value: 'held' }])
  await next.stop()
})

t.test('kill -9 of the owner and of PostgreSQL loses nothing, and a start right after it succeeds', async t => {
  const { holder, databaseUrl } = await startHolder()
  await query(databaseUrl, `INSERT INTO kept VALUES ('crashed')`)
  const postmaster = Number(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0])
  process.kill(postmaster, 'SIGKILL')
  await kill(holder)
  const next = await startPostgres()
  t.strictSame(await query(next.url, `SELECT value FROM kept WHERE value = 'crashed'`), [{ value: 'crashed' }])
  await next.stop()
})

t.test('a data directory of another PostgreSQL version is refused', async t => {
  const other = mkdtempSync(join(tmpdir(), `kahub-test-${process.pid}-`))
  t.teardown(() => rmSync(other, { recursive: true, force: true }))
  mkdirSync(join(other, 'postgres'))
  writeFileSync(join(other, 'postgres', 'PG_VERSION'), '15\n')
  await t.rejects(startEmbeddedPostgres({ dataDir: other }), { message: /written by PostgreSQL 15 and this is 18/ })
})

t.test('Valkey answers commands, scripts, large values and long pipelines', async t => {
  const server = await startEmbeddedValkey()
  t.teardown(server.stop)
  const redis = new Redis(server.url)
  t.teardown(() => redis.disconnect())
  const large = 'x'.repeat(100_000)
  await redis.set('large', large)
  t.equal(await redis.get('large'), large)
  t.equal(await redis.eval('return redis.call("STRLEN", KEYS[1]) + ARGV[1]', 1, 'large', 5), 100_005)
  const pipeline = redis.pipeline()
  for (let i = 0; i < 5000; i++) pipeline.rpush('list', `value-${i}`)
  const replies = await pipeline.exec()
  t.strictSame(replies?.at(-1), [null, 5000])
  t.equal((await redis.lrange('list', 0, -1)).length, 5000)
  t.equal(await redis.set('lock', 'a', 'PX', 60_000, 'NX'), 'OK')
  t.equal(await redis.set('lock', 'b', 'PX', 60_000, 'NX'), null)
})

t.test('Valkey answers at once: small, large and blocking commands wait for no timer', async t => {
  const server = await startEmbeddedValkey()
  t.teardown(server.stop)
  const redis = new Redis(server.url)
  const blocked = new Redis(server.url)
  t.teardown(() => {
    redis.disconnect()
    blocked.disconnect()
  })
  await redis.set('value', 'x'.repeat(1_000_000))
  const started = performance.now()
  for (let i = 0; i < 50; i++) await redis.get('value')
  // 45 ms each without TCP_NODELAY, 100 ms for every 64 KB without stepping until nothing is ready.
  t.ok(performance.now() - started < 1500, 'fifty replies of 1 MB')
  const popped = blocked.blpop('queue', 10)
  await eventually('the client blocks', async () => (await redis.info('clients')).includes('blocked_clients:1'))
  await redis.lpush('queue', 'job')
  t.strictSame(await popped, ['queue', 'job'])
})

t.test('Valkey asks for its password', async t => {
  const server = await startEmbeddedValkey()
  t.teardown(server.stop)
  const stranger = new Redis(Number(new URL(server.url).port), '127.0.0.1', { enableReadyCheck: false })
  t.teardown(() => stranger.disconnect())
  await t.rejects(stranger.get('anything'), { message: /NOAUTH/ })
})

t.test('Valkey stops idempotently', async t => {
  const server = await startEmbeddedValkey()
  await Promise.all([server.stop(), server.stop()])
  t.ok(await refusesConnections(server.url))
})
