/** The drill of src/operations/backup.md: a backup under load, a disaster, a restore to a point in time, the invariants. */
import { rmSync } from 'node:fs'
import pg from 'pg'
import t from 'tap'
import { createTempDataDir, startEmbeddedPostgres } from '../../src/embedded/index.ts'
import { freshKey, type Reply, startTestApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { createReseller, createSku, expectStatus, type TestReseller } from '../support/shop.ts'
import { archiveTo, copyRunning, createArchive, recoverTo } from './archive.ts'

const SHARED_BUFFERS_MB = 32
const CLIENTS = 8
const ORDERS = 200

interface Acknowledged {
  readonly key: string
  readonly orderId: string
  readonly secret: string
}

interface History {
  readonly buyer: { readonly key: string }
  readonly skuId: string
  /** What clients were told before the time that is restored to, and after it. */
  readonly before: readonly Acknowledged[]
  readonly after: readonly Acknowledged[]
  readonly time: string
}

async function buy(buyer: TestReseller, skuId: string, count: number): Promise<Acknowledged[]> {
  const done: Acknowledged[] = []
  let left = count
  const client = async (): Promise<void> => {
    while (left-- > 0) {
      const key = freshKey()
      const reply: Reply = await buyer.call('POST', '/v1/orders', { key, body: { skuId, quantity: 1 } })
      if (reply.status !== 201) throw new Error(`an order was answered ${reply.status}: ${JSON.stringify(reply.body)}`)
      done.push({ key, orderId: reply.body.id, secret: reply.body.cards[0].secret })
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  return done
}

t.test('a backup under load, restored to a time: what was acknowledged by then is there, nothing later, and the invariants hold', async t => {
  const [dataDir, target] = [createTempDataDir('kahub-test-'), createTempDataDir('kahub-test-')]
  const first = await startEmbeddedPostgres({ dataDir, sharedBuffersMb: SHARED_BUFFERS_MB })
  const archive = createArchive(dataDir)
  t.teardown(() => [dataDir, target, archive].forEach(path => void rmSync(path, { recursive: true, force: true })))
  const set = new pg.Client({ connectionString: first.url })
  await set.connect()
  await archiveTo(set, archive)
  await set.end()
  await first.stop()

  const server = await startEmbeddedPostgres({ dataDir, sharedBuffersMb: SHARED_BUFFERS_MB })
  const history = await (async (): Promise<History> => {
    let found: History | undefined
    await t.test('sell, back up meanwhile, sell on', async t => {
      const app = await startTestApp(t, { databaseUrl: server.url })
      const skuId = await createSku(app, { stock: 3 * ORDERS, price: '1.00' })
      const buyer = await createReseller(app, { credit: '10000.00' })
      const client = new pg.Client({ connectionString: server.url })
      await client.connect()
      const early = await buy(buyer, skuId, ORDERS / 4)
      const [during] = await Promise.all([buy(buyer, skuId, ORDERS), copyRunning(client, dataDir, target)])
      const { rows } = await client.query<{ time: string }>('SELECT clock_timestamp()::text AS time')
      const after = await buy(buyer, skuId, ORDERS / 4)
      found = { buyer, skuId, before: [...early, ...during], after, time: rows[0]?.time ?? '' }
      // The last part of the log, which a disaster would leave to be copied from the server's own disk.
      await client.query('SELECT pg_switch_wal()')
      await client.end()
    })
    await server.stop()
    if (found === undefined) throw new Error('nothing was sold')
    return found
  })()

  recoverTo(target, archive, history.time)
  const restored = await startEmbeddedPostgres({ dataDir: target, sharedBuffersMb: SHARED_BUFFERS_MB })
  await t.test('on the restored server', async t => {
    const waiting = new pg.Client({ connectionString: restored.url })
    await waiting.connect()
    const isOpen = async () => (await waiting.query('SELECT NOT pg_is_in_recovery() AS open')).rows[0].open === true
    await eventually('it has replayed the log and takes writes', isOpen)
    await waiting.end()
    const app = await startTestApp(t, { databaseUrl: restored.url })
    t.equal((await expectStatus(200, app.admin('GET', '/v1/admin/invariants'))).ok, true)
    const reader = new pg.Client({ connectionString: restored.url })
    await reader.connect()
    const { rows } = await reader.query<{ id: string }>('SELECT id FROM orders')
    await reader.end()
    t.same(rows.map(({ id }) => `ord_${id}`).toSorted(), history.before.map(({ orderId }) => orderId).toSorted(), 'exactly the orders of before')
    const call = app.as(history.buyer.key)
    for (const { key, orderId, secret } of history.before.slice(-5)) {
      const again = await call('POST', '/v1/orders', { key, body: { skuId: history.skuId, quantity: 1 } })
      t.match(again, { status: 201, headers: { 'idempotent-replayed': 'true' }, body: { id: orderId, cards: [{ secret }] } })
    }
    t.match(await call('POST', '/v1/orders', { body: { skuId: history.skuId, quantity: 1 } }), { status: 201 }, 'it sells on')
    const forgotten = history.after[0]
    t.equal((await call('GET', `/v1/orders/${forgotten?.orderId}`)).status, 404, 'what came later is not known: see the page on what to do about it')
  })
  await restored.stop()
})
