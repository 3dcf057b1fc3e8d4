/** A new master key, while the hub sells: nothing fails, a crash loses nothing, and the old key is not needed afterwards. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import pg from 'pg'
import t from 'tap'
import { createMasterKeyring } from '../../src/kit/crypto/index.ts'
import { ADMIN_KEY, startTestApp, type TestApp } from '../support/app.ts'
import { createTestDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { createReseller, createSku, expectStatus, type TestReseller } from '../support/shop.ts'

/** Several steps of the rotation. */
const DATA_KEYS = 1_000
const CLIENTS = 6

const databaseUrl = await createTestDatabase(t)
const database = new pg.Client({ connectionString: databaseUrl })
await database.connect()
t.teardown(() => database.end())

const key = (kid: string) => ({ kid, key: randomBytes(32) })
const [oldKey, newKey] = [key('k1'), key('k2')]
const listOf = (...keys: (typeof oldKey)[]): string => keys.map(({ kid, key }) => `${kid}:${key.toString('base64')}`).join(',')

interface Ended {
  readonly code: number | null
  readonly output: string
}

function startCommand(masterKey: string, ...args: string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const env = {
    PATH: process.env['PATH'],
    DATABASE_URL: databaseUrl,
    REDIS_URL: process.env['TEST_REDIS_URL'],
    KAHUB_ADMIN_KEY: ADMIN_KEY,
    KAHUB_MASTER_KEY: masterKey,
    KAHUB_ALLOW_UNSAFE_DATABASE: 'true'
  }
  const child = spawn(process.execPath, ['src/rotate-keys.ts', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const read = (chunk: Buffer): void => {
    output += chunk
  }
  child.stdout.on('data', read)
  child.stderr.on('data', read)
  return { child, ended: once(child, 'close').then(([code]) => ({ code, output })) }
}

const rotate = (masterKey: string, ...args: string[]): Promise<Ended> => startCommand(masterKey, ...args).ended

async function kids(): Promise<Record<string, number>> {
  const { rows } = await database.query('SELECT master_kid, count(*)::int AS n FROM data_key GROUP BY 1')
  return Object.fromEntries(rows.map(row => [row.master_kid, row.n]))
}

/** Secrets of every kind, sealed under the old key. */
async function furnish(hub: TestApp): Promise<{ skuId: string; buyer: TestReseller; cards: string[]; orderId: string; supplierId: string }> {
  const skuId = await createSku(hub, { price: '1.00', stock: 300 })
  const buyer = await createReseller(hub, { credit: '500.00' })
  const order = await expectStatus(201, buyer.call('POST', '/v1/orders', { body: { skuId, quantity: 5 } }))
  const config = { baseUrl: 'https://supplier.example.com', apiKey: 'k'.repeat(32), callbackSecret: 's'.repeat(32) }
  const supplier = await expectStatus(201, hub.admin('POST', '/v1/admin/suppliers', { body: { name: 'S', adapter: 'example', config } }))
  await expectStatus(201, buyer.call('POST', '/v1/webhook-endpoints', { body: { url: 'https://shop.example.com/hook' } }))
  const ring = createMasterKeyring([oldKey])
  const wrapped = Array.from({ length: DATA_KEYS }, () => ring.create('card').wrapped)
  await database.query("INSERT INTO data_key (purpose, master_kid, wrapped) SELECT 'card', 'k1', * FROM unnest($1::bytea[])", [wrapped])
  return { skuId, buyer, cards: order.cards.map((card: { secret: string }) => card.secret), orderId: order.id, supplierId: supplier.id }
}

const before = await startTestApp(t, { databaseUrl, masterKey: listOf(oldKey) })
const shop = await furnish(before)
const rolled = await startTestApp(t, { databaseUrl, masterKey: listOf(newKey, oldKey) })

async function readCards(hub: TestApp): Promise<string[]> {
  const page = await expectStatus(200, hub.as(shop.buyer.key)('GET', `/v1/orders/${shop.orderId}/cards`))
  return page.data.map((card: { secret: string }) => card.secret)
}

t.test('another key under a name that was used before is refused, also while nothing is wrapped by it', async t => {
  const { code, output } = await rotate(listOf(oldKey, key('k2')), '--verify')
  t.equal(code, 1)
  t.match(output, /The master key "k2" is not the one that this database was used with/)
  const unknown = await rotate(listOf(key('k3')))
  t.equal(unknown.code, 1)
  t.match(unknown.output, /wrapped by the master key "k1", which was not given.*KAHUB_MASTER_KEY/)
})

t.test('killed half-way, it has lost nothing, and goes on where it was', async t => {
  const blocker = new pg.Client({ connectionString: databaseUrl })
  await blocker.connect()
  await blocker.query('BEGIN')
  await blocker.query('SELECT FROM data_key WHERE id = (SELECT max(id) FROM data_key) FOR UPDATE')
  const { child, ended } = startCommand(listOf(newKey, oldKey))
  await eventually('a part is rewrapped', async () => (await kids())['k2'] !== undefined)
  child.kill('SIGKILL')
  await ended
  await blocker.query('ROLLBACK')
  await blocker.end()
  const half = await kids()
  t.ok((half['k1'] ?? 0) > 0 && (half['k2'] ?? 0) > 0, JSON.stringify(half))
  t.same(await readCards(before), shop.cards, 'a server that has not seen the new key reads what it knows')
  t.same(await readCards(rolled), shop.cards)
  const verify = await rotate(listOf(newKey, oldKey), '--verify')
  t.equal(verify.code, 1)
  t.match(verify.output, /still needed: k1/)
})

t.test('under load no order, reveal, import or supplier fails', async t => {
  const { buyer, skuId, supplierId } = shop
  let done = false
  const statuses = new Map<number, number>()
  const client = async (): Promise<void> => {
    do {
      const replies = await Promise.all([
        rolled.as(buyer.key)('POST', '/v1/orders', { body: { skuId, quantity: 1 } }),
        rolled.as(buyer.key)('GET', `/v1/orders/${shop.orderId}/cards`),
        rolled.admin('POST', `/v1/admin/skus/${skuId}/card-batches`, {
          body: `${randomBytes(8).toString('hex')}\n${randomBytes(8).toString('hex')}\n`,
          headers: { 'content-type': 'text/plain' }
        }),
        rolled.admin('GET', `/v1/admin/suppliers/${supplierId}`)
      ])
      for (const { status } of replies) statuses.set(status, (statuses.get(status) ?? 0) + 1)
    } while (!done)
  }
  const clients = Array.from({ length: CLIENTS }, client)
  const { code, output } = await rotate(listOf(newKey, oldKey))
  done = true
  await Promise.all(clients)
  t.same([...statuses.keys()].sort(), [200, 201])
  t.equal(code, 0, output)
  t.match(output, /done: \d+ data keys are now wrapped by "k2"/)
  t.match(output, /may be removed from KAHUB_MASTER_KEY: k1/)
  t.same(Object.keys(await kids()), ['k2'])
})

t.test('without the old key everything opens, and the old key alone opens nothing', async t => {
  const after = await startTestApp(t, { databaseUrl, masterKey: listOf(newKey) })
  t.same(await readCards(after), shop.cards)
  const more = await after.as(shop.buyer.key)('POST', '/v1/orders', { body: { skuId: shop.skuId, quantity: 1 } })
  t.equal(more.status, 201)
  const supplier = await expectStatus(200, after.admin('GET', `/v1/admin/suppliers/${shop.supplierId}`))
  t.equal(supplier.adapter, 'example')
  t.equal((await after.services.connections.many([shop.supplierId.slice(4)])).size, 1, 'its credentials open')
  const again = await rotate(listOf(newKey))
  t.equal(again.code, 0)
  t.match(again.output, /nothing to do/)
  const old = await rotate(listOf(oldKey), '--verify')
  t.equal(old.code, 1)
  t.match(old.output, /wrapped by the master key "k2", which was not given/)
})

t.test('a data key that does not open is named, left as it is, and makes the command fail', async t => {
  const { rows } = await database.query(
    "UPDATE data_key SET wrapped = set_byte(wrapped, 20, 255 - get_byte(wrapped, 20)) WHERE id = (SELECT max(id) FROM data_key WHERE purpose = 'card') RETURNING id"
  )
  const { code, output } = await rotate(listOf(key('k4'), newKey))
  t.equal(code, 1)
  t.match(output, new RegExp(`"k2": 1 data keys, DAMAGED: ${rows[0].id}`))
})
