import { randomUUID } from 'node:crypto'
import pg from 'pg'
import t from 'tap'
import { forgetCallbacks } from '../../src/facades/index.ts'
import { forgetOrderBatches } from '../../src/orders/index.ts'
import { forgetEvents, relayEvents } from '../../src/webhooks/index.ts'
import { type Call, startTestApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { createReseller, createSku, expectStatus } from '../support/shop.ts'

const DAYS = 30
const app = await startTestApp(t)
const { db } = app.services
const owner = new pg.Client({ connectionString: app.databaseUrl })
await owner.connect()
t.teardown(() => owner.end())

const buy = (call: Call, skuId: string, reference: string) =>
  expectStatus(201, call('POST', '/v1/orders', { body: { skuId, quantity: 1, reference } }))
const feed = (call: Call, cursor?: string) => call('GET', `/v1/events?limit=100${cursor === undefined ? '' : `&cursor=${cursor}`}`)
const references = (data: { data: { reference?: string } }[]) => data.flatMap(event => event.data.reference ?? [])

/** Handed to the endpoints, as everything is before it may go. Others' transactions in the cluster can hold it up. */
async function relay(): Promise<void> {
  await eventually('all events are relayed', async () => {
    await relayEvents(db)
    const { rows } = await owner.query(`SELECT 1 FROM outbox o, webhook_cursor c WHERE c.name = 'outbox' AND (o.xid, o.seq) > (c.xid, c.seq) LIMIT 1`)
    return rows.length === 0
  })
}

/** Makes all that is there now as old as that, its orders too. */
async function age(days: number): Promise<void> {
  for (const [table, columns] of Object.entries({ outbox: ['created_at'], orders: ['created_at', 'fulfilled_at', 'closed_at'] })) {
    const set = columns.map(column => `${column} = ${column} - interval '${days} days'`).join(', ')
    await owner.query(`UPDATE ${table} SET ${set}`)
  }
}

t.test('old events go, and a reader is told so instead of passing over a gap', async t => {
  const skuId = await createSku(app, { stock: 20 })
  const [mine, quiet] = [await createReseller(app, { credit: '100.00' }), await createReseller(app)]
  await buy(mine.call, skuId, 'old-1')
  await relay()
  const behindFirst = (await expectStatus(200, feed(mine.call))).nextCursor
  await buy(mine.call, skuId, 'old-2')
  await relay()
  const behindSecond = (await expectStatus(200, feed(mine.call, behindFirst))).nextCursor
  const behindNothing = (await expectStatus(200, feed(quiet.call))).nextCursor
  await age(DAYS + 1)
  await buy(mine.call, skuId, 'new')
  await relay()
  t.equal(await forgetEvents(db, DAYS + 2), 0, 'none is old enough')
  t.ok((await forgetEvents(db, DAYS)) >= 2)
  t.equal(await forgetEvents(db, DAYS), 0)

  const expired = await feed(mine.call, behindFirst)
  t.match([expired.status, expired.body.code, expired.body.retryable], [410, 'cursor_expired', false])
  t.same(references((await expectStatus(200, feed(mine.call, behindSecond))).data), ['new'], 'who has read all that went goes on')
  t.same(references((await expectStatus(200, feed(mine.call))).data), ['new'], 'who begins anew begins with what is kept')
  t.same((await expectStatus(200, feed(quiet.call, behindNothing))).data, [], 'who had nothing to read has missed nothing')
  const later = (await expectStatus(200, feed(quiet.call))).nextCursor
  await buy(mine.call, skuId, 'newer')
  await relay()
  t.same((await expectStatus(200, feed(quiet.call, later))).data, [])
  const report = await expectStatus(200, app.admin('GET', '/v1/admin/invariants'))
  t.equal(report.ok, true, 'orders whose events are gone break no rule')
})

t.test('no event goes before one that is not old enough, nor before it was handed to the endpoints', async t => {
  const skuId = await createSku(app, { stock: 20 })
  const { call, id } = await createReseller(app, { credit: '100.00' })
  const references = ['first', 'second', 'third']
  for (const reference of references) await buy(call, skuId, reference)
  const left = async (): Promise<string[]> =>
    (await owner.query(`SELECT data->>'reference' AS reference FROM outbox WHERE reseller_id = $1 ORDER BY xid, seq`, [id.slice(4)])).rows.map(
      row => row.reference
    )
  await owner.query(`UPDATE outbox SET created_at = now() - interval '40 days' WHERE data->>'reference' IN ('first', 'third')`)
  await owner.query(`UPDATE outbox SET created_at = now() - interval '40 days' WHERE reseller_id IS NULL OR reseller_id <> $1`, [id.slice(4)])
  await owner.query(`UPDATE webhook_cursor SET xid = h.xid, seq = h.seq FROM outbox_horizon h`)
  t.equal(await forgetEvents(db, DAYS), 0, 'nothing was relayed')
  await relay()
  t.ok((await forgetEvents(db, DAYS)) >= 1)
  t.same(await left(), ['second', 'third'])
})

t.test('a delivery that waited for longer than its event is kept goes with it, and later ones are sent', async t => {
  const skuId = await createSku(app, { stock: 20 })
  const { call } = await createReseller(app, { credit: '100.00' })
  const endpoint = await expectStatus(201, call('POST', '/v1/webhook-endpoints', { body: { url: 'http://127.0.0.1:9/', events: ['order.*'] } }))
  await buy(call, skuId, 'forgotten')
  await relay()
  await age(DAYS + 1)
  await buy(call, skuId, 'kept')
  await relay()
  await forgetEvents(db, DAYS)
  const { rows } = await owner.query(
    `SELECT o.data->>'reference' AS reference FROM webhook_delivery d LEFT JOIN outbox o ON o.xid = d.event_xid AND o.seq = d.event_seq
     WHERE d.endpoint_id = $1`,
    [endpoint.id.slice(4)]
  )
  t.same(rows, [{ reference: 'kept' }])
})

t.test('answers of batches and calls to shops are kept for a while; open calls stay', async t => {
  const skuId = await createSku(app, { stock: 5 })
  const { call } = await createReseller(app, { credit: '100.00' })
  const body = { orders: [{ skuId, quantity: 1 }] }
  const first = await expectStatus(200, call('POST', '/v1/order-batches', { key: 'batch-1', body }))
  t.equal(await forgetOrderBatches(db, 1), 0)
  const old = '00000000-0000-7000-8000-'
  await owner.query(`UPDATE order_batch SET id = ($1 || substr(id::text, 25))::uuid`, [old])
  t.equal(await forgetOrderBatches(db, 1), 1)
  const again = await expectStatus(200, call('POST', '/v1/order-batches', { key: 'batch-1', body }))
  t.equal(again.data[0].order.id, first.data[0].order.id, 'its orders keep keys of their own')

  for (const state of ['pending', 'delivered', 'failed']) {
    await owner.query(
      `INSERT INTO facade_callback (order_id, credential_id, url, state, created_at) VALUES ($1, $2, 'https://shop.test/', $3, now() - interval '31 days')`,
      [randomUUID(), randomUUID(), state]
    )
  }
  t.equal(await forgetCallbacks(db, 32), 0)
  t.equal(await forgetCallbacks(db, 30), 2)
  t.same((await owner.query('SELECT state FROM facade_callback')).rows, [{ state: 'pending' }])
})
