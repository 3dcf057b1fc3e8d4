import t from 'tap'
import { type Announced, announce, levelOf, priceAudiences, priceListsOf, stockEvents } from '../../src/catalog/announced.ts'
import type { ListingData } from '../../src/catalog/listing.ts'
import { fromApiId, newId } from '../../src/kit/ids.ts'
import { type Audience, broadcast } from '../../src/kit/outbox.ts'
import { createLog } from '../../src/log.ts'
import { relayBatch, tryLockCursor } from '../../src/webhooks/outbound/relay-repository.ts'
import { startWorker } from '../../src/worker.ts'
import { type Json, startTestApp, type TestApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { cny, createReseller, createSku, expectStatus, importKeys, type TestReseller } from '../support/shop.ts'
import { startReceiver } from './receiver.ts'

/** Two workers, as in a deployment of two instances. */
const app = await startTestApp(t, { worker: true })
const second = startWorker(app.services, createLog('silent'))
t.teardown(() => second.stop())

async function eventsOf({ call }: TestReseller, skuId: string): Promise<Json[]> {
  const found: Json[] = []
  for (let cursor = ''; ; ) {
    const { data, nextCursor } = await expectStatus(200, call('GET', `/v1/events?limit=100${cursor}`))
    if (data.length === 0) return found.filter(({ data: { skuId: of }, type }) => of === skuId && !type.startsWith('order.'))
    found.push(...data)
    cursor = `&cursor=${nextCursor}`
  }
}

const typesOf = async (reseller: TestReseller, skuId: string): Promise<string[]> => (await eventsOf(reseller, skuId)).map(({ type }) => type)

/** Waits until the events of the SKU end with these, and says all of them. */
const seen = async (reseller: TestReseller, skuId: string, ...types: string[]): Promise<Json[]> =>
  (await eventually(types.join(', '), async () => {
    const found = await eventsOf(reseller, skuId)
    return found.length >= types.length && types.every((type, n) => found.at(n - types.length).type === type) ? found : null
  })) ?? []

const setThreshold = async ({ admin }: TestApp, skuId: string, lowStockThreshold: number) =>
  await expectStatus(200, admin('PATCH', `/v1/admin/skus/${skuId}`, { body: { lowStockThreshold } }))

t.test('stock that comes, runs low and runs out is told to every reseller, on the feed and to its endpoints, each time once', async t => {
  const [mine, other] = [await createReseller(app, { credit: '1000.00' }), await createReseller(app)]
  const receivers = [await startReceiver(t), await startReceiver(t)]
  for (const [n, reseller] of [mine, other].entries()) {
    await expectStatus(201, reseller.call('POST', '/v1/webhook-endpoints', { body: { url: receivers[n]?.url, events: ['stock.*'] } }))
  }
  const skuId = await createSku(app)
  await setThreshold(app, skuId, 3)
  await importKeys(
    app,
    skuId,
    Array.from({ length: 6 }, (_, n) => `CANARY-${skuId}-${n}`)
  )
  await seen(mine, skuId, 'stock.in')
  await expectStatus(201, mine.call('POST', '/v1/orders', { body: { skuId, quantity: 4 } }))
  const [, low] = await seen(other, skuId, 'stock.in', 'stock.low')
  t.match(low, { id: /^evt_/, data: { skuId, productId: /^prd_/, code: /^SKU-/, available: 2 } })
  await expectStatus(201, mine.call('POST', '/v1/orders', { body: { skuId, quantity: 2 } }))
  const all = await seen(mine, skuId, 'stock.in', 'stock.low', 'stock.out')
  t.same(await eventsOf(other, skuId), all, 'the same events for both')
  t.same(Object.keys(all[0].data).sort(), ['available', 'code', 'productId', 'skuId'], 'nothing about anybody')
  for (const receiver of receivers) {
    const hits = await eventually('delivered', () => {
      const about = receiver.hits.filter(({ event }) => event.data.skuId === skuId)
      return about.length >= 3 ? about : null
    })
    t.same(
      hits?.map(({ id }) => id),
      all.map(({ id }) => id),
      'in their order'
    )
  }
})

t.test('a flash sale of hundreds of orders is one event', async t => {
  const reseller = await createReseller(app, { credit: '10000.00' })
  const skuId = await createSku(app, { stock: 300 })
  await seen(reseller, skuId, 'stock.in')
  const replies = await Promise.all(Array.from({ length: 300 }, () => reseller.call('POST', '/v1/orders', { body: { skuId, quantity: 1 } })))
  t.ok(replies.every(({ status }) => status === 201))
  await seen(reseller, skuId, 'stock.out')
  await importKeys(app, skuId, [`AGAIN-${skuId}`])
  t.same(
    (await seen(reseller, skuId, 'stock.out', 'stock.in')).map(({ type }) => type),
    ['stock.in', 'stock.out', 'stock.in']
  )
})

t.test('a price is told to those whom it concerns: a private one to its reseller, one of a tier to the tier', async t => {
  const [mine, gold, other] = [await createReseller(app), await createReseller(app, { tier: 'gold' }), await createReseller(app)]
  const skuId = await createSku(app, { price: '10.00' })
  const marker = await createSku(app, { stock: 1 })
  await seen(other, marker, 'stock.in')
  const put = async (body: object[]) => await expectStatus(200, app.admin('PUT', `/v1/admin/skus/${skuId}/prices`, { body }))
  const own = { resellerId: mine.id, unitPrice: cny('7.77') }
  const tier = { tier: 'gold', unitPrice: cny('8.88') }
  await put([own])
  const [event] = await seen(mine, skuId, 'price.changed')
  t.match(event.data, { skuId, productId: /^prd_/, code: /^SKU-/ })
  t.notMatch(JSON.stringify(event), /7\.77|amount/, 'what it is now is read from the SKU')
  await put([own, tier])
  await seen(gold, skuId, 'price.changed')
  await put([own, tier])
  await expectStatus(200, app.admin('PATCH', `/v1/admin/skus/${skuId}`, { body: { price: cny('11.00') } }))
  await seen(other, skuId, 'price.changed')
  t.same(
    [(await typesOf(mine, skuId)).length, (await typesOf(gold, skuId)).length, (await typesOf(other, skuId)).length],
    [2, 2, 1],
    'nobody hears of another’s price'
  )
  await put([{ minQuantity: 10, unitPrice: cny('9.00') }])
  await seen(other, skuId, 'price.changed', 'price.changed')
})

t.test('a SKU that is not on sale is not talked about; when it returns, what changed meanwhile is told', async t => {
  const reseller = await createReseller(app)
  const [skuId, marker] = [await createSku(app, { stock: 1 }), await createSku(app)]
  await seen(reseller, skuId, 'stock.in')
  await expectStatus(200, app.admin('POST', `/v1/admin/skus/${skuId}/pause`))
  await expectStatus(200, app.admin('PATCH', `/v1/admin/skus/${skuId}`, { body: { price: cny('12.00') } }))
  await importKeys(app, marker, [`MARK-${marker}`])
  await seen(reseller, marker, 'stock.in')
  t.same(await typesOf(reseller, skuId), ['stock.in'])
  await expectStatus(200, app.admin('POST', `/v1/admin/skus/${skuId}/resume`))
  await seen(reseller, skuId, 'stock.in', 'price.changed')
})

t.test('an endpoint that was paused gets the events for many that it missed', async t => {
  const reseller = await createReseller(app)
  const receiver = await startReceiver(t)
  const { id } = await expectStatus(
    201,
    reseller.call('POST', '/v1/webhook-endpoints', { body: { url: receiver.url, events: ['stock.in', 'price.changed'] } })
  )
  await expectStatus(200, reseller.call('PATCH', `/v1/webhook-endpoints/${id}`, { body: { state: 'paused' } }))
  const skuId = await createSku(app, { stock: 1 })
  await seen(reseller, skuId, 'stock.in')
  await expectStatus(200, reseller.call('POST', `/v1/webhook-endpoints/${id}/resume`))
  await eventually('caught up', () => receiver.hits.some(({ event }) => event.data.skuId === skuId))
  t.equal(receiver.hits.filter(({ event }) => event.data.skuId === skuId).length, 1)
})

t.test('a reseller reads no event from before it was there, and none of another tier', async t => {
  const skuId = await createSku(app, { stock: 1 })
  const witness = await createReseller(app)
  const emit = async (audience: Audience) =>
    await app.services.db.tx(tx => broadcast(tx, [{ type: 'price.changed', audience, subjectId: newId(), data: { skuId } }]))
  await emit('tier:iron')
  await emit('all')
  await seen(witness, skuId, 'price.changed')
  const late = await createReseller(app, { tier: 'iron' })
  await emit('tier:iron')
  await seen(late, skuId, 'price.changed')
  t.equal((await eventsOf(late, skuId)).filter(({ type }) => type === 'price.changed').length, 1)
  t.equal((await eventsOf(witness, skuId)).filter(({ type }) => type === 'price.changed').length, 1)
})

t.test('an event for more endpoints than one transaction takes goes through alone', async t => {
  const quiet = await startTestApp(t)
  const { services } = quiet
  const resellers = [await createReseller(quiet), await createReseller(quiet), await createReseller(quiet)]
  for (const { call } of resellers) await expectStatus(201, call('POST', '/v1/webhook-endpoints', { body: { url: 'http://127.0.0.1:9/hook' } }))
  await services.db.tx(tx =>
    broadcast(
      tx,
      Array.from({ length: 4 }, (_, n) => ({ type: 'stock.in', audience: 'all' as const, subjectId: newId(), data: { n } }))
    )
  )
  const batches: number[] = []
  await eventually('relayed', async () => {
    const { count } = await services.db.tx(async tx => {
      const cursor = await tryLockCursor(tx)
      return await relayBatch(tx, cursor ?? { xid: '0', seq: '0' }, { events: 100, deliveries: 5 })
    })
    if (count > 0) batches.push(count)
    return batches.reduce((sum, each) => sum + each, 0) === 4
  })
  t.same(batches, [2, 2], 'three deliveries each, and none is left behind')
  for (const { call } of resellers) {
    const { data } = await expectStatus(200, call('GET', '/v1/webhook-endpoints'))
    t.equal((await expectStatus(200, call('GET', `/v1/webhook-endpoints/${data[0].id}/deliveries`))).data.length, 4)
  }
})

t.test('what is told follows from what was told before', async t => {
  const listing: ListingData = {
    skuId: newId(),
    productId: newId(),
    code: 'SKU-1',
    name: 'Key',
    kind: 'card',
    currency: 'CNY',
    price: 100n,
    prices: [],
    minQuantity: 1,
    maxQuantity: 10,
    cardKind: 'text',
    inputSchema: null,
    instructions: null,
    onSale: true,
    revision: 1n,
    offers: [],
    marginFloor: 0n,
    maxCost: null,
    available: 5,
    lowStockThreshold: 5
  }
  t.same([levelOf({ available: 0, lowStockThreshold: 0 }), levelOf(listing), levelOf({ available: 6, lowStockThreshold: 5 })], ['out', 'low', 'in'])
  t.same(stockEvents('out', 'low'), ['stock.in', 'stock.low'])
  t.same(stockEvents('low', 'out'), ['stock.out'])
  t.same(stockEvents('low', 'in'), ['stock.in'])
  t.same(stockEvents('in', 'in'), [])
  const fresh = announce(listing, undefined, 2_000)
  t.same(
    fresh.broadcasts.map(({ type }) => type),
    ['stock.in', 'stock.low'],
    'the first price is no change'
  )
  const known: Announced = { skuId: listing.skuId, level: 'low', prices: fresh.after.prices, quietMs: 1_500 }
  const soon = announce({ ...listing, available: 0 }, known, 2_000)
  t.match(soon, { broadcasts: [], after: { level: 'low', dueInMs: 1_500, stockAnnounced: false } })
  t.match(announce(listing, known, 2_000), { broadcasts: [], after: { level: 'low', dueInMs: null } }, 'it came back meanwhile')
  t.match(announce({ ...listing, available: 0 }, { ...known, quietMs: 0 }, 2_000).broadcasts, [{ type: 'stock.out', audience: 'all' }])
  const row = { tier: null, resellerId: null, minQuantity: 1, unitPrice: 90n }
  const lists = (prices: ListingData['prices']) => priceListsOf({ price: 100n, prices })
  const [one, two] = [
    { ...row, resellerId: 'r1' },
    { ...row, resellerId: 'r2', minQuantity: 5 }
  ]
  t.same(priceAudiences(lists([one, two]), lists([two, one])), { audiences: [], resellerIds: [] })
  t.same(priceAudiences(lists([one, two]), lists([{ ...one, unitPrice: 91n }])), { audiences: [], resellerIds: ['r1', 'r2'] })
  t.same(priceAudiences(lists([]), lists([{ ...row, tier: 'gold' }, one])), { audiences: ['tier:gold'], resellerIds: ['r1'] })
  t.same(priceAudiences(lists([]), lists([{ ...row, minQuantity: 2 }, one])), { audiences: ['all'], resellerIds: [] })
  t.same(priceAudiences(null, lists([])), { audiences: ['all'], resellerIds: [] })
  t.ok(fromApiId('sku', String(fresh.broadcasts[0]?.data['skuId'])) === listing.skuId)
})
