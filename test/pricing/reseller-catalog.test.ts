import t from 'tap'
import { publishStockChanges } from '../../src/catalog/index.ts'
import { statement } from '../../src/kit/db/index.ts'
import { newId, toApiId } from '../../src/kit/ids.ts'
import { deleteExpiredQuotes, readQuote } from '../../src/pricing/index.ts'
import { type Call, type Json, startTestApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { cny, createReseller, createSku, expectStatus, importKeys } from '../support/shop.ts'

const hub = await startTestApp(t)
const { admin, services } = hub
const plain = await createReseller(hub)
const gold = await createReseller(hub, { tier: 'gold' })

const putPrices = async (skuId: string, body: readonly object[]): Promise<void> =>
  void (await expectStatus(200, admin('PUT', `/v1/admin/skus/${skuId}/prices`, { body })))
const get = async (call: Call, path: string): Promise<Json> => await expectStatus(200, call('GET', path))
const readSku = (call: Call, skuId: string) => get(call, `/v1/skus/${skuId}`)
const bare = (id: string): string => id.slice(4)

t.test('each reseller reads its own price and breaks', async t => {
  const skuId = await createSku(hub, { price: '50.00', minQuantity: 5, maxQuantity: 500 })
  const own = await createReseller(hub, { tier: 'gold' })
  await putPrices(skuId, [
    { minQuantity: 100, unitPrice: cny('48.00') },
    { tier: 'gold', unitPrice: cny('47.00') },
    { tier: 'gold', minQuantity: 200, unitPrice: cny('46.00') },
    { tier: 'gold', minQuantity: 1000, unitPrice: cny('1.00') },
    { resellerId: own.id, minQuantity: 50, unitPrice: cny('45.50') }
  ])
  const breaks = async (call: Call) => {
    const sku = await readSku(call, skuId)
    t.same(sku.price, sku.quantityBreaks[0].unitPrice)
    return sku.quantityBreaks.map((each: Json) => [each.minQuantity, each.unitPrice.amount])
  }
  t.same(await breaks(plain.call), [
    [5, '50.00'],
    [100, '48.00']
  ])
  t.same(await breaks(gold.call), [
    [5, '47.00'],
    [200, '46.00']
  ])
  t.same(await breaks(own.call), [
    [5, '47.00'],
    [50, '45.50']
  ])
  t.match(await readSku(plain.call, skuId), {
    id: skuId,
    kind: 'card',
    stock: 0,
    minQuantity: 5,
    maxQuantity: 500,
    cardKind: 'text',
    state: 'active'
  })
})

t.test('a SKU shows its stock, and what the operator changed shows at once', async t => {
  const skuId = await createSku(hub, { stock: 3, price: '10.00' })
  t.equal((await readSku(plain.call, skuId)).stock, 3)
  await admin('PATCH', `/v1/admin/skus/${skuId}`, { body: { price: cny('11.00'), instructions: 'Redeem' } })
  t.match(await readSku(plain.call, skuId), { price: cny('11.00'), instructions: 'Redeem', state: 'active' })
  await admin('POST', `/v1/admin/skus/${skuId}/pause`)
  t.equal((await readSku(plain.call, skuId)).state, 'paused')
})

t.test('an unknown SKU is not_found, however its id is written', async t => {
  for (const id of [toApiId('sku', newId()), 'sku_1', toApiId('product', newId())]) {
    const { status, body } = await plain.call('GET', `/v1/skus/${id}`)
    t.same([status, body.code], [404, 'not_found'])
  }
})

t.test('products are listed with the SKUs on sale at my price; what is paused is not', async t => {
  const category = `cat-${newId()}`
  const products: Json[] = []
  for (const kind of ['card', 'topup', 'card']) {
    products.unshift(await expectStatus(201, admin('POST', '/v1/admin/products', { body: { name: 'P', category, kind } })))
  }
  const add = async (productId: string): Promise<string> =>
    (await expectStatus(201, admin('POST', '/v1/admin/skus', { body: { productId, code: newId(), name: 'S', price: cny('2.00') } }))).id
  const [a, b, c] = [await add(products[0].id), await add(products[0].id), await add(products[1].id)]
  await putPrices(a, [{ tier: 'gold', unitPrice: cny('1.50') }])
  await admin('POST', `/v1/admin/skus/${b}/pause`)
  const list = async (query = '', call = gold.call): Promise<Json> => await get(call, `/v1/products?category=${category}${query}`)
  const { data, nextCursor } = await list()
  t.same(
    data.map((product: Json) => [product.id, product.skus.map((sku: Json) => sku.id)]),
    [
      [products[0].id, [a]],
      [products[1].id, [c]],
      [products[2].id, []]
    ]
  )
  t.equal(nextCursor, null)
  t.same(data[0].skus[0].price, cny('1.50'))
  t.same(data[0].skus[0], await readSku(gold.call, a))
  t.equal((await list('', plain.call)).data[0].skus[0].price.amount, '2.00')
  t.same(
    (await list('&kind=topup')).data.map((product: Json) => product.id),
    [products[1].id]
  )
  await admin('POST', `/v1/admin/products/${products[1].id}/pause`)
  t.same(
    (await list()).data.map((product: Json) => product.id),
    [products[0].id, products[2].id]
  )
  t.equal((await readSku(gold.call, c)).state, 'paused')

  const page = await list('&limit=1')
  t.same(
    (await list(`&limit=1&cursor=${page.nextCursor}`)).data.map((product: Json) => product.id),
    [products[2].id]
  )
  t.equal((await plain.call('GET', `/v1/products?cursor=${page.nextCursor}`)).status, 400, 'a cursor is of the reseller that got it')
})

t.test('a page of products is cut between two products when they have very many SKUs', async t => {
  const category = `cat-${newId()}`
  const insert = statement(
    'test_many_skus',
    `WITH made AS (INSERT INTO sku (id, product_id, code, name, currency, price)
      SELECT id, $1, id::text, 'S', 'CNY', 10000 FROM unnest($2::uuid[]) AS ids (id) RETURNING id)
, fenced AS (INSERT INTO sku_fence (sku_id) SELECT id FROM made)
    INSERT INTO stock_published (sku_id, available) SELECT id, 0 FROM made`
  )
  const sizes = [1_500, 600, 500]
  const ids: string[] = []
  for (const size of sizes) {
    const { id } = await expectStatus(201, admin('POST', '/v1/admin/products', { body: { name: 'P', category, kind: 'card' } }))
    await services.db.execute(insert, [bare(id), Array.from({ length: size }, newId)])
    ids.unshift(id)
  }
  const shown = (page: Json) => page.data.map((product: Json) => [product.id, product.skus.length])
  const first = await get(plain.call, `/v1/products?category=${category}`)
  t.same(shown(first), [
    [ids[0], 500],
    [ids[1], 600]
  ])
  const second = await get(plain.call, `/v1/products?category=${category}&cursor=${first.nextCursor}`)
  t.same(shown(second), [[ids[2], 1_500]])
  t.equal(second.nextCursor, null)
})

t.test('SKUs are listed newest first, and found by code and product', async t => {
  const skuId = await createSku(hub)
  const sku = await readSku(plain.call, skuId)
  t.same((await get(plain.call, `/v1/skus?code=${sku.code}`)).data, [sku])
  t.same((await get(plain.call, `/v1/skus?productId=${sku.productId}`)).data, [sku])
  t.equal((await get(plain.call, '/v1/skus?limit=1')).data[0].id, skuId)
  await admin('POST', `/v1/admin/skus/${skuId}/pause`)
  t.same((await get(plain.call, `/v1/skus?code=${sku.code}`)).data, [])
})

interface Change {
  skuId: string
  kind: string
  sku: Json
}

/** Reads on from a cursor until the wanted changes were seen, as a shop would. */
async function follow(call: Call, from: string, skuId: string, kinds: readonly string[]): Promise<{ seen: Change[]; cursor: string }> {
  const seen: Change[] = []
  let cursor = from
  await eventually(`changes ${kinds.join()}`, async () => {
    const page = await get(call, `/v1/catalog/changes?limit=100&cursor=${cursor}`)
    seen.push(...page.data.filter((change: Change) => change.skuId === skuId))
    cursor = page.nextCursor
    return kinds.every(kind => seen.some(change => change.kind === kind))
  })
  return { seen, cursor }
}
const feedEnd = async (call: Call): Promise<string> => (await get(call, '/v1/catalog/changes?from=now')).nextCursor

t.test('the change feed tells of every change in order and shows the SKU as it is, at my price', async t => {
  const start = await feedEnd(gold.call)
  const skuId = await createSku(hub, { price: '9.00' })
  const created = await follow(gold.call, start, skuId, ['listing'])
  t.match(created.seen, [{ skuId, kind: 'listing', timestamp: /Z$/, sku: { id: skuId, price: cny('9.00'), stock: 0, state: 'active' } }])

  await putPrices(skuId, [{ tier: 'gold', unitPrice: cny('8.00') }])
  const priced = await follow(gold.call, created.cursor, skuId, ['price'])
  t.match(priced.seen.at(-1), { kind: 'price', sku: { price: cny('8.00') } })
  t.equal((await follow(plain.call, await startOf(plain.call), skuId, ['price'])).seen.at(-1)?.sku.price.amount, '9.00')

  await importKeys(hub, skuId, ['one-key-that-is-long-enough', 'two-key-that-is-long-enough'])
  await publishStockChanges(services.db)
  const stocked = await follow(gold.call, priced.cursor, skuId, ['stock'])
  t.match(stocked.seen.at(-1), { kind: 'stock', sku: { stock: 2 } })

  await admin('POST', `/v1/admin/skus/${skuId}/pause`)
  const paused = await follow(gold.call, stocked.cursor, skuId, ['listing'])
  t.match(paused.seen.at(-1), { kind: 'listing', sku: { state: 'paused' } })

  const idle = await get(gold.call, `/v1/catalog/changes?cursor=${paused.cursor}`)
  t.same(idle, { data: [], nextCursor: paused.cursor }, 'a cursor to go on with is given also when nothing is new')
})

/** A cursor at the oldest change; `limit=1` leaves at most that one behind it. */
async function startOf(call: Call): Promise<string> {
  return (await get(call, '/v1/catalog/changes?limit=1')).nextCursor
}

t.test('paging through the feed from the start in small steps shows the same as one large page', async t => {
  const ends = await feedEnd(plain.call)
  const large: Change[] = (await get(plain.call, '/v1/catalog/changes?limit=100')).data
  const small: Change[] = []
  let query = 'limit=3'
  while (small.length < large.length) {
    const page = await get(plain.call, `/v1/catalog/changes?${query}`)
    if (page.data.length === 0) break
    small.push(...page.data)
    query = `limit=3&cursor=${page.nextCursor}`
  }
  const names = (changes: Change[]) => changes.map(({ skuId, kind }) => `${skuId} ${kind}`)
  t.ok(large.length > 5)
  t.same(names(small).slice(0, large.length), names(large))
  t.same((await get(plain.call, `/v1/catalog/changes?cursor=${ends}`)).data, [])
})

t.test('the feed refuses cursors that are forged, of another reseller or of another list', async t => {
  const cursor = await feedEnd(gold.call)
  const list = await get(gold.call, '/v1/skus?limit=1')
  const queries: [Call, string][] = [
    [plain.call, `cursor=${cursor}`],
    [gold.call, `cursor=X${cursor}`],
    [gold.call, 'cursor=WyIwIiwiMCJd'],
    [gold.call, `cursor=${list.nextCursor}`],
    [gold.call, `cursor=${cursor}&from=now`],
    [gold.call, 'from=yesterday'],
    [gold.call, 'limit=101']
  ]
  for (const [call, query] of queries) {
    const { status, body } = await call('GET', `/v1/catalog/changes?${query}`)
    t.same([status, body.code], [400, 'validation_failed'], query)
  }
})

t.test('a quote says the price, why, and until when', async t => {
  const skuId = await createSku(hub, { price: '50.00' })
  await putPrices(skuId, [
    { tier: 'gold', unitPrice: cny('47.00') },
    { tier: 'gold', minQuantity: 10, unitPrice: cny('46.1234') }
  ])
  const quote = await expectStatus(201, gold.call('POST', '/v1/quotes', { body: { skuId, quantity: 10 } }))
  t.match(quote, { id: /^quo_/, skuId, quantity: 10, unitPrice: cny('46.1234'), total: cny('461.234'), rule: 'tier_break' })
  t.same(quote.parts, [
    { set: 'base', minQuantity: 1, unitPrice: cny('50.00'), applied: false },
    { set: 'tier', minQuantity: 10, unitPrice: cny('46.1234'), applied: true }
  ])
  const heldMs = new Date(quote.expiresAt).getTime() - Date.now()
  t.ok(heldMs > 500_000 && heldMs < 700_000, 'about ten minutes')
  t.equal((await expectStatus(201, plain.call('POST', '/v1/quotes', { body: { skuId, quantity: 10 } }))).rule, 'base')
  t.match(await readQuote(services.db, bare(gold.id), bare(quote.id)), { skuId: bare(skuId), quantity: 10, unitPrice: 461_234n, currency: 'CNY' })
  t.equal(await readQuote(services.db, bare(plain.id), bare(quote.id)), null, 'a quote is of the reseller that asked')
})

t.test('a quote is of the price of its moment, and holds when the price moves', async t => {
  const skuId = await createSku(hub, { price: '50.00' })
  const ask = async (): Promise<Json> => await expectStatus(201, plain.call('POST', '/v1/quotes', { body: { skuId, quantity: 1 } }))
  const before = await ask()
  await services.db.execute(statement('test_price', 'UPDATE sku SET price = 600000 WHERE id = $1'), [bare(skuId)])
  t.equal((await ask()).unitPrice.amount, '60.00', 'not from the cache')
  t.equal((await readQuote(services.db, bare(plain.id), bare(before.id)))?.unitPrice, 500_000n)
})

t.test('a quote is refused outside the limits, for what is paused, and for what does not exist', async t => {
  const skuId = await createSku(hub, { minQuantity: 2, maxQuantity: 5 })
  const ask = async (body: object) => {
    const reply = await plain.call('POST', '/v1/quotes', { body })
    return [reply.status, reply.body.code, reply.body.errors?.[0]?.pointer]
  }
  for (const quantity of [1, 6, 0, 10_001, 2.5, '3', null])
    t.same(await ask({ skuId, quantity }), [400, 'validation_failed', '/quantity'], String(quantity))
  t.same(await ask({ skuId, quantity: 2, price: cny('1.00') }), [400, 'validation_failed', '/price'])
  t.same(await ask({ skuId: toApiId('sku', newId()), quantity: 2 }), [404, 'not_found', undefined])
  await admin('POST', `/v1/admin/skus/${skuId}/pause`)
  t.same(await ask({ skuId, quantity: 2 }), [409, 'sku_unavailable', undefined])
})

t.test('deleteExpiredQuotes drops quotes a day after they expired and no other', async t => {
  const insert = statement(
    'test_quote',
    `INSERT INTO quote (id, reseller_id, sku_id, quantity, unit_price, currency, expires_at)
    VALUES ($1, $2, $2, 1, 1, 'CNY', now() + $3 * interval '1 hour')`
  )
  const reseller = newId()
  const ids = await Promise.all(
    [-25, -23, 1].map(async hours => {
      const id = newId()
      await services.db.execute(insert, [id, reseller, hours])
      return id
    })
  )
  t.equal(await deleteExpiredQuotes(services.db), 1)
  const left = await Promise.all(ids.map(id => readQuote(services.db, reseller, id)))
  t.same(
    left.map(quote => quote !== null),
    [false, true, true]
  )
})

t.test('a key without catalog:read reads no catalog', async t => {
  const { call } = await createReseller(hub, { key: { scopes: ['orders:read'] } })
  for (const path of ['/v1/products', '/v1/skus', `/v1/skus/${toApiId('sku', newId())}`, '/v1/catalog/changes']) {
    t.equal((await call('GET', path)).body.code, 'forbidden')
  }
})
