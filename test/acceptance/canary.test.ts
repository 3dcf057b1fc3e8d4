/**
 * No secret lies anywhere in plain text: not in the files of the database nor in its log of changes, not in Redis, not in our log, not in
 * webhooks, not in the answer to a request that was refused. What is looked for is in every card and credential that goes in here.
 */
import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import pg from 'pg'
import t from 'tap'
import { startTestApp } from '../support/app.ts'
import { createReseller, createSku, expectStatus, importKeys } from '../support/shop.ts'
import { startReceiver } from '../webhooks/receiver.ts'

const CANARY = `CANARY${randomBytes(9).toString('hex').toUpperCase()}`
const CARDS = 200
const ORDERS = 30

const logLines: string[] = []
const hub = await startTestApp(t, { worker: true, logLines })
/** May read the files of the server that it is connected to, wherever that runs. */
const owner = new pg.Client({ connectionString: hub.databaseUrl })
await owner.connect()
t.teardown(() => owner.end())
const begun: string = (await owner.query('SELECT pg_walfile_name(pg_current_wal_lsn()) AS name')).rows[0].name
const answers: string[] = []
const secrets = new Set([CANARY])

async function refuse(path: string, body: unknown, headers: Record<string, string> = {}): Promise<void> {
  const { status, body: answer } = await hub.admin('POST', path, { body, headers })
  if (status < 400) throw new Error(`${path} was to be refused`)
  answers.push(JSON.stringify(answer))
}

t.test('a shop in which every secret is known: it sells, tells of it, and refuses', async t => {
  const receiver = await startReceiver(t)
  const skuId = await createSku(hub, { price: '1.00', keys: Array.from({ length: CARDS }, (_, n) => `${CANARY}-${n}----PIN-${CANARY}-${n}`) })
  const buyer = await createReseller(hub, { credit: '100.00' })
  secrets.add(buyer.key.slice(8))
  const endpoint = await expectStatus(201, buyer.call('POST', '/v1/webhook-endpoints', { body: { url: receiver.url } }))
  secrets.add(endpoint.secret.slice(6))
  const config = { baseUrl: 'https://supplier.example.com', apiKey: CANARY, callbackSecret: `${CANARY}${CANARY}` }
  await expectStatus(201, hub.admin('POST', '/v1/admin/suppliers', { body: { name: 'S', adapter: 'example', config } }))
  for (let n = 0; n < ORDERS; n++) {
    const order = await expectStatus(201, buyer.call('POST', '/v1/orders', { body: { skuId, quantity: 2 } }))
    t.ok(order.cards[0].secret.includes(CANARY), 'the buyer gets what was stocked')
  }
  await receiver.hit(0)
  const again = await importKeys(hub, skuId, [`${CANARY}-0----PIN-${CANARY}-0`])
  t.equal(again.duplicates, 1)
  answers.push(JSON.stringify(again))
  await refuse('/v1/admin/suppliers', { name: 'S', adapter: 'example', config: { ...config, baseUrl: CANARY } })
  await refuse(`/v1/admin/skus/${skuId}/card-batches`, `{"secret":"${CANARY}"`, { 'content-type': 'application/json' })
  const lines = `{"secret":"${CANARY}","oops":1}\n{"secret":5,"number":"${CANARY}"}\n`
  const report = await hub.admin('POST', `/v1/admin/skus/${skuId}/card-batches`, { body: lines, headers: { 'content-type': 'application/x-ndjson' } })
  answers.push(JSON.stringify(report.body))
  await refuse('/v1/admin/orders/ord_01926f0e-7c1a-7b60-9c55-2f6d1f4c8a10/resolve', { outcome: 'fulfilled', cards: [{ secret: CANARY }] })
  await refuse('/v1/admin/orders/ord_01926f0e-7c1a-7b60-9c55-2f6d1f4c8a10/resolve', { outcome: 'fulfilled', cards: [{ secret: CANARY, x: 1 }] })
  answers.push(JSON.stringify((await hub.as(`kh_live_${CANARY}`)('GET', '/v1/orders')).body))
  for (const hit of receiver.hits) answers.push(hit.raw, JSON.stringify(hit.headers))
})

const found = (text: string): boolean => [...secrets].some(secret => text.includes(secret))

t.test('not in an answer, a webhook or a line of the log', async t => {
  t.ok(answers.length > 6 && logLines.length > ORDERS)
  t.notOk(answers.some(found))
  t.notOk(logLines.some(found))
})

t.test('not in any row, nor in the files of the database, nor in the log of changes since we began', async t => {
  await owner.query('CHECKPOINT')
  const { rows: tables } = await owner.query("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
  for (const secret of secrets) {
    for (const { name } of tables) {
      const { rowCount } = await owner.query(`SELECT FROM "${name}" x WHERE position($1 IN x::text) > 0 LIMIT 1`, [secret])
      t.equal(rowCount, 0, name)
    }
    const bytes = Buffer.from(secret)
    const { rows: files } = await owner.query(
      `SELECT f FROM (SELECT 'base/' || oid AS dir FROM pg_database WHERE datname = current_database()) d, LATERAL pg_ls_dir(dir) AS n, LATERAL (SELECT dir || '/' || n AS f) p
       WHERE position($1::bytea IN pg_read_binary_file(f, true)) > 0`,
      [bytes]
    )
    t.same(files, [])
    const { rows: changes } = await owner.query(
      `SELECT name FROM pg_ls_waldir() WHERE name >= $2 AND name ~ '^[0-9A-F]{24}$' AND position($1::bytea IN pg_read_binary_file('pg_wal/' || name, true)) > 0`,
      [bytes, begun]
    )
    t.same(changes, [])
  }
  const { rowCount } = await owner.query("SELECT FROM reseller x WHERE position('Shop' IN x::text) > 0")
  t.ok(rowCount, 'what is no secret is found in this way')
})

t.test('not in Redis', async t => {
  const redis = new Redis(process.env['TEST_REDIS_URL'] ?? '')
  t.teardown(() => redis.disconnect())
  for (const key of await redis.keys('*')) t.notOk(found(key) || found(String(await redis.dump(key))), key)
})
