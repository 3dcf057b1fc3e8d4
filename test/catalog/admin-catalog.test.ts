import t from 'tap'
import { createListings, lockSkuRows } from '../../src/catalog/index.ts'
import { canonicalJson } from '../../src/kit/canonical-json.ts'
import { newId, toApiId } from '../../src/kit/ids.ts'
import { type Call, type Json, startTestApp } from '../support/app.ts'
import { cny, createReseller, createSku, expectStatus } from '../support/shop.ts'

const hub = await startTestApp(t)
const { admin, services } = hub
const PRODUCTS = '/v1/admin/products'
const SKUS = '/v1/admin/skus'

const newProduct = async (body: object = {}): Promise<Json> =>
  await expectStatus(201, admin('POST', PRODUCTS, { body: { name: 'Steam wallet', category: 'gift-cards', kind: 'card', ...body } }))
const skuBody = (productId: string, body: object = {}) => ({ productId, code: `C-${newId()}`, name: '50 CNY', price: cny('47.50'), ...body })
const newSku = async (productId: string, body: object = {}): Promise<Json> =>
  await expectStatus(201, admin('POST', SKUS, { body: skuBody(productId, body) }))

async function refused(pending: ReturnType<Call>): Promise<[number, string, string | undefined]> {
  const { status, body } = await pending
  return [status, body.code, body.errors?.[0]?.pointer]
}
const revisionOf = async (skuId: string): Promise<bigint | undefined> =>
  (await services.db.tx(tx => lockSkuRows(tx, [skuId.slice(4)]))).get(skuId.slice(4))?.revision

t.test('createProduct answers with the whole resource, and getAdminProduct the same', async t => {
  const product = await newProduct({ description: 'Codes' })
  t.match(product, { id: /^prd_/, name: 'Steam wallet', category: 'gift-cards', kind: 'card', description: 'Codes', state: 'active' })
  t.same((await admin('GET', `${PRODUCTS}/${product.id}`)).body, product)
  t.equal((await newProduct()).description, null)
})

t.test('createProduct refuses what does not fit', async t => {
  const good = { name: 'x', category: 'y', kind: 'card' }
  const bad = [
    {},
    { ...good, name: '' },
    { ...good, name: '  ' },
    { ...good, name: 5 },
    { ...good, kind: 'gift' },
    { ...good, state: 'paused' },
    { ...good, category: null },
    { ...good, name: 'x'.repeat(201) },
    { ...good, description: 'x\u0000' },
    [good]
  ]
  for (const body of bad) t.same((await refused(admin('POST', PRODUCTS, { body }))).slice(0, 2), [400, 'validation_failed'], JSON.stringify(body))
})

t.test('updateProduct changes what is given, tells of all SKUs, and refuses the kind', async t => {
  const product = await newProduct({ description: 'Codes' })
  const sku = await newSku(product.id)
  const { body } = await admin('PATCH', `${PRODUCTS}/${product.id}`, { body: { name: 'Steam', description: null } })
  t.match(body, { id: product.id, name: 'Steam', category: 'gift-cards', description: null })
  t.equal(await revisionOf(sku.id), 2n)
  t.same(await refused(admin('PATCH', `${PRODUCTS}/${product.id}`, { body: { kind: 'topup' } })), [400, 'validation_failed', '/kind'])
  t.equal((await admin('PATCH', `${PRODUCTS}/${product.id}`, { body: {} })).status, 400)
})

t.test('pausing a product takes its SKUs off sale, and doing it twice does nothing more', async t => {
  const product = await newProduct()
  const sku = await newSku(product.id)
  t.equal((await admin('POST', `${PRODUCTS}/${product.id}/pause`)).body.state, 'paused')
  t.equal((await admin('POST', `${PRODUCTS}/${product.id}/pause`)).status, 200)
  t.equal(await revisionOf(sku.id), 2n)
  t.equal((await admin('GET', `${SKUS}/${sku.id}`)).body.state, 'active', 'the SKU itself is not paused')
  t.equal((await admin('POST', `${PRODUCTS}/${product.id}/resume`)).body.state, 'active')
  t.equal(await revisionOf(sku.id), 3n)
})

t.test('createSku answers with the whole resource and its defaults, and getAdminSku the same', async t => {
  const product = await newProduct()
  const inputSchema = { type: 'object', properties: { qq: { type: 'string', title: 'QQ', pattern: '^[1-9][0-9]{4,11}$' } }, required: ['qq'] }
  const sku = await newSku(product.id, {
    code: 'STEAM-50',
    minQuantity: 2,
    cardKind: 'link',
    instructions: 'Redeem',
    inputSchema,
    lowStockThreshold: 5
  })
  t.match(sku, {
    id: /^sku_/,
    productId: product.id,
    code: 'STEAM-50',
    name: '50 CNY',
    price: cny('47.50'),
    minQuantity: 2,
    maxQuantity: 1000,
    cardKind: 'link',
    instructions: 'Redeem',
    lowStockThreshold: 5,
    state: 'active',
    available: 0
  })
  t.same(sku.inputSchema, inputSchema)
  t.same((await admin('GET', `${SKUS}/${sku.id}`)).body, sku)
  t.match(await newSku(product.id), {
    minQuantity: 1,
    maxQuantity: 1000,
    cardKind: 'text',
    inputSchema: null,
    instructions: null,
    lowStockThreshold: 0
  })
})

t.test('createSku refuses a code that is taken, also when two ask at once', async t => {
  const product = await newProduct()
  const body = skuBody(product.id, { code: 'TWICE' })
  const replies = await Promise.all([admin('POST', SKUS, { body }), admin('POST', SKUS, { body })])
  t.same(replies.map(({ status, body }) => [status, body.code]).sort(), [
    [201, 'TWICE'],
    [409, 'state_conflict']
  ])
})

t.test('createSku refuses what does not fit, at the field', async t => {
  const product = await newProduct()
  const fields: [object, string][] = [
    [{ price: { amount: '1.23456', currency: 'CNY' } }, '/price/amount'],
    [{ price: { amount: '-1', currency: 'CNY' } }, '/price/amount'],
    [{ price: { amount: 1, currency: 'CNY' } }, '/price/amount'],
    [{ price: { amount: '1', currency: 'cny' } }, '/price/currency'],
    [{ price: { amount: '1000000001', currency: 'CNY' } }, '/price/amount'],
    [{ price: '1.00' }, '/price'],
    [{ minQuantity: 0 }, '/minQuantity'],
    [{ maxQuantity: 10_001 }, '/maxQuantity'],
    [{ minQuantity: 5, maxQuantity: 4 }, '/maxQuantity'],
    [{ minQuantity: 1.5 }, '/minQuantity'],
    [{ minQuantity: '2' }, '/minQuantity'],
    [{ code: 'a b' }, '/code'],
    [{ code: '' }, '/code'],
    [{ cardKind: 'video' }, '/cardKind'],
    [{ stock: 5 }, '/stock'],
    [{ lowStockThreshold: -1 }, '/lowStockThreshold'],
    [{ productId: newId() }, '/productId'],
    [{ inputSchema: { type: 'object', properties: {}, $ref: 'http://example.org' } }, '/inputSchema/$ref'],
    [{ inputSchema: { type: 'object', properties: { a: { type: 'string', pattern: '(a+)+' } } } }, '/inputSchema/properties/a/pattern'],
    [{ inputSchema: { type: 'object', properties: { a: { type: 'object' } } } }, '/inputSchema/properties/a/type'],
    [{ inputSchema: { type: 'object', properties: { '': { type: 'string' } } } }, '/inputSchema/properties/']
  ]
  for (const [body, pointer] of fields) {
    t.same(await refused(admin('POST', SKUS, { body: skuBody(product.id, body) })), [400, 'validation_failed', pointer], JSON.stringify(body))
  }
  t.equal((await refused(admin('POST', SKUS, { body: skuBody(toApiId('product', newId())) })))[1], 'not_found')
})

t.test('updateSku changes what is given; a price or a limit moves the revision, a threshold does not', async t => {
  const sku = await newSku((await newProduct()).id)
  const patch = async (body: object): Promise<Json> => (await admin('PATCH', `${SKUS}/${sku.id}`, { body })).body
  t.match(await patch({ price: cny('45') }), { price: cny('45.00'), name: '50 CNY', maxQuantity: 1000 })
  t.equal(await revisionOf(sku.id), 2n)
  t.match(await patch({ maxQuantity: 10, name: 'Fifty' }), { price: cny('45.00'), name: 'Fifty', maxQuantity: 10 })
  t.equal(await revisionOf(sku.id), 3n)
  await patch({ lowStockThreshold: 9 })
  await patch({ name: 'Fifty', price: cny('45.0000') })
  t.equal(await revisionOf(sku.id), 3n, 'nothing that a reseller sees has changed')
  const inputSchema = { type: 'object', required: ['b'], properties: { b: { type: 'string', maxLength: 5 }, a: { type: 'string' } } }
  await patch({ inputSchema })
  t.equal(await revisionOf(sku.id), 4n)
  await patch({ inputSchema })
  t.equal(await revisionOf(sku.id), 4n)
  t.match(await patch({ inputSchema: null, instructions: null }), { inputSchema: null, instructions: null })
})

t.test('updateSku refuses another currency, another code and crossed limits', async t => {
  const sku = await newSku((await newProduct()).id, { minQuantity: 5 })
  const patch = (body: object) => refused(admin('PATCH', `${SKUS}/${sku.id}`, { body }))
  t.same(await patch({ price: { amount: '1.00', currency: 'USD' } }), [400, 'validation_failed', '/price/currency'])
  t.same(await patch({ code: 'OTHER' }), [400, 'validation_failed', '/code'])
  t.same(await patch({ maxQuantity: 4 }), [400, 'validation_failed', '/maxQuantity'])
  t.equal(await revisionOf(sku.id), 1n)
})

t.test('a paused SKU is off sale until it is resumed', async t => {
  const sku = await newSku((await newProduct()).id)
  t.equal((await admin('POST', `${SKUS}/${sku.id}/pause`)).body.state, 'paused')
  t.equal((await admin('POST', `${SKUS}/${sku.id}/pause`)).body.state, 'paused')
  t.equal(await revisionOf(sku.id), 2n)
  t.equal((await createListings(services).get(sku.id.slice(4)))?.onSale, false)
  t.equal((await admin('POST', `${SKUS}/${sku.id}/resume`)).body.state, 'active')
})

t.test('replaceSkuPrices replaces all, and getSkuPrices gives them back in the form in which they are put', async t => {
  const sku = await newSku((await newProduct()).id)
  const reseller = await createReseller(hub)
  const url = `${SKUS}/${sku.id}/prices`
  t.same((await admin('GET', url)).body, [])
  const prices = [
    { tier: 'gold', minQuantity: 1, unitPrice: cny('46.00') },
    { tier: 'gold', minQuantity: 100, unitPrice: cny('45.00') },
    { resellerId: reseller.id, minQuantity: 1, unitPrice: cny('44.00') },
    { minQuantity: 10, unitPrice: cny('47.00') }
  ]
  t.same((await admin('PUT', url, { body: prices })).body, prices)
  t.equal(await revisionOf(sku.id), 2n)
  const { body } = await admin('GET', url)
  t.same(new Set(body.map((price: object) => canonicalJson(price))), new Set(prices.map(price => canonicalJson(price))))
  t.same((await admin('PUT', url, { body })).body, body)
  t.same((await admin('PUT', url, { body: [] })).body, [])
  t.same((await admin('GET', url)).body, [])
})

t.test('replaceSkuPrices refuses what does not fit and then replaces nothing', async t => {
  const sku = await newSku((await newProduct()).id)
  const url = `${SKUS}/${sku.id}/prices`
  const kept = [{ tier: 'gold', minQuantity: 1, unitPrice: cny('46.00') }]
  await admin('PUT', url, { body: kept })
  const gold = kept[0]
  const cases: [unknown, string][] = [
    [[{ unitPrice: cny('1.00') }], '/0/minQuantity'],
    [[gold, gold], '/1'],
    [[{ ...gold, unitPrice: { amount: '1', currency: 'USD' } }], '/0/unitPrice/currency'],
    [[{ ...gold, resellerId: toApiId('reseller', newId()) }], '/0'],
    [[{ resellerId: toApiId('reseller', newId()), unitPrice: cny('1') }], ''],
    [[{ ...gold, tier: '' }], '/0/tier'],
    [[{ ...gold, extra: 1 }], '/0/extra'],
    [[{ tier: 'gold' }], '/0/unitPrice'],
    [{ data: [] }, ''],
    [[{ ...gold, minQuantity: 0 }], '/0/minQuantity'],
    [[{ ...gold, unitPrice: cny('1000000001') }], '/0/unitPrice/amount']
  ]
  for (const [body, pointer] of cases) t.same(await refused(admin('PUT', url, { body })), [400, 'validation_failed', pointer], JSON.stringify(body))
  t.same((await admin('GET', url)).body, kept)
  t.equal(await revisionOf(sku.id), 2n)
})

t.test('lists are newest first, filtered, and paged by a cursor that fits no other list', async t => {
  const category = `cat-${newId()}`
  const ids: string[] = []
  for (const kind of ['card', 'topup', 'card']) ids.unshift((await newProduct({ category, kind })).id)
  const list = async (query: string): Promise<Json> => (await admin('GET', `${PRODUCTS}?category=${category}&${query}`)).body
  const first = await list('limit=2')
  t.same(
    first.data.map((product: Json) => product.id),
    ids.slice(0, 2)
  )
  const second = await list(`limit=2&cursor=${first.nextCursor}`)
  t.same(
    second.data.map((product: Json) => product.id),
    ids.slice(2)
  )
  t.equal(second.nextCursor, null)
  t.equal((await list('kind=topup')).data.length, 1)
  t.same(await refused(admin('GET', `${SKUS}?cursor=${first.nextCursor}`)), [400, 'validation_failed', '/query/cursor'])
  t.equal((await admin('GET', `${PRODUCTS}?limit=0`)).status, 400)
  t.equal((await admin('GET', `${PRODUCTS}?colour=red`)).status, 400)

  const productId = ids[0] ?? ''
  const skus = [await newSku(productId), await newSku(productId)]
  t.same(
    (await admin('GET', `${SKUS}?productId=${productId}`)).body.data.map((sku: Json) => sku.id),
    [skus[1].id, skus[0].id]
  )
  t.same((await admin('GET', `${SKUS}?code=${skus[0].code}`)).body.data, [skus[0]])
  t.same((await admin('GET', `${SKUS}?code=nothing`)).body, { data: [], nextCursor: null })
})

t.test('every operation on an id that names nothing is not_found', async t => {
  const random = newId()
  for (const id of [random, 'nonsense', toApiId('order', random)]) {
    const [product, sku] = id === random ? [toApiId('product', id), toApiId('sku', id)] : [id, id]
    const calls = [
      admin('GET', `${PRODUCTS}/${product}`),
      admin('PATCH', `${PRODUCTS}/${product}`, { body: { name: 'x' } }),
      admin('POST', `${PRODUCTS}/${product}/pause`),
      admin('POST', `${PRODUCTS}/${product}/resume`),
      admin('GET', `${SKUS}/${sku}`),
      admin('PATCH', `${SKUS}/${sku}`, { body: { name: 'x' } }),
      admin('POST', `${SKUS}/${sku}/pause`),
      admin('POST', `${SKUS}/${sku}/resume`),
      admin('GET', `${SKUS}/${sku}/prices`),
      admin('PUT', `${SKUS}/${sku}/prices`, { body: [] })
    ]
    for (const { status, body } of await Promise.all(calls)) t.same([status, body.code], [404, 'not_found'])
  }
})

t.test('a reseller may not touch the operators catalog', async t => {
  const { call } = await createReseller(hub)
  const skuId = await createSku(hub)
  for (const pending of [
    call('GET', PRODUCTS),
    call('GET', `${SKUS}/${skuId}`),
    call('PATCH', `${SKUS}/${skuId}`, { body: { price: cny('0.01') } }),
    call('PUT', `${SKUS}/${skuId}/prices`, { body: [] })
  ]) {
    t.same((await refused(pending)).slice(0, 2), [403, 'forbidden'])
  }
})
