import t from 'tap'
import { sign } from '../../src/facades/dujiao-next/sign.ts'
import { dujiaoNext } from '../../src/suppliers/adapters/dujiao-next/index.ts'
import { type Json, startTestApp } from '../support/app.ts'
import { createTestOutbound } from '../support/outbound.ts'
import { cny, createReseller, createSku, expectStatus } from '../support/shop.ts'
import { issue } from './acg-shop.ts'
import { startShopReceiver } from './shop-receiver.ts'

const hub = await startTestApp(t, { worker: true })
const BASE = '/api/v1/upstream'
const PREFIX = '/facades/dujiao-next'

interface Ask {
  readonly time?: string
  readonly secret?: string
  readonly path?: string
  readonly text?: string
  readonly headers?: Readonly<Record<string, string>>
}

async function newShop(credit = '100.00', credential: object = {}) {
  const reseller = await createReseller(hub, { credit })
  const { login, secret, id } = await issue(hub.admin, reseller.id, { protocol: 'dujiao-next', ...credential })
  const ask = async (method: 'GET' | 'POST', path: string, body?: object, options: Ask = {}): Promise<{ status: number; body: Json }> => {
    const text = options.text ?? (body === undefined ? '' : JSON.stringify(body))
    const time = options.time ?? String(Math.floor(Date.now() / 1000))
    const signed = { method, path: options.path ?? `${BASE}${path.split('?')[0]}`, time, body: body === undefined ? text : JSON.stringify(body) }
    const headers = {
      ...(text === '' ? {} : { 'content-type': 'application/json' }),
      'dujiao-next-api-key': login,
      'dujiao-next-timestamp': time,
      'dujiao-next-signature': sign(signed, options.secret ?? secret),
      ...options.headers
    }
    const response = await hub.app.inject({ method, url: `${PREFIX}${BASE}${path}`, headers, ...(text === '' ? {} : { payload: text }) })
    if (!String(response.headers['content-type']).startsWith('application/json')) throw new Error(response.body)
    return { status: response.statusCode, body: JSON.parse(response.body) }
  }
  return { reseller, login, secret, id, ask }
}

type Shop = Awaited<ReturnType<typeof newShop>>

const skuNumber = async ({ ask }: Shop, skuId: string): Promise<number> => {
  const { code } = await expectStatus(200, hub.admin('GET', `/v1/admin/skus/${skuId}`))
  const { body } = await ask('GET', '/products?page_size=100')
  return body.items.flatMap((product: Json) => product.skus).find((sku: Json) => sku.sku_code === code).id
}

t.test('the signature is the documented one, and stale, wrong and moved ones are refused', async t => {
  const vector = { method: 'POST', path: `${BASE}/orders`, time: '1767322800', body: '{"sku_id":1,"quantity":1}' }
  t.equal(sign(vector, 'demo_secret'), '350796ce6d8eac9c10d7b7c5608d53a5347c175c78b1d3f9a7b4712234c0e446')
  const shop = await newShop()
  const code = async (pending: ReturnType<Shop['ask']>): Promise<unknown> => {
    const { status, body } = await pending
    t.equal(body.ok, false)
    return [status, body.error_code]
  }
  const now = Math.floor(Date.now() / 1000)
  t.match(await shop.ask('POST', '/ping'), { status: 200, body: { ok: true, balance: '100.00', currency: 'CNY', protocol_version: '1.0' } })
  t.match(await shop.ask('POST', '/ping', undefined, { path: `${PREFIX}${BASE}/ping` }), { status: 200 }, 'the path as it was called')
  const typed = { headers: { 'content-type': 'application/json' } }
  t.match(await shop.ask('POST', '/ping', undefined, typed), { status: 200 }, 'without a body, and with its type')
  t.match(await shop.ask('GET', '/products?page=1&page_size=5&include_inactive=1', undefined, typed), { status: 200, body: { page_size: 5 } })
  for (const late of [-75, 75, -86_400])
    t.same(await code(shop.ask('POST', '/ping', undefined, { time: String(now + late) })), [401, 'timestamp_expired'])
  for (const time of ['x', '1.5', '']) t.equal((await shop.ask('POST', '/ping', undefined, { time })).status, 401)
  t.same(await code(shop.ask('POST', '/ping', undefined, { secret: 'other' })), [401, 'invalid_signature'])
  t.same(await code(shop.ask('POST', '/ping', undefined, { path: `${BASE}/orders` })), [401, 'invalid_signature'])
  t.same(await code(shop.ask('POST', '/orders', { sku_id: 12, quantity: 1 }, { text: '{"sku_id":21,"quantity":1}' })), [401, 'invalid_signature'])
  t.same(await code(shop.ask('POST', '/ping', undefined, { headers: { 'dujiao-next-api-key': 'nobody' } })), [401, 'invalid_api_key'])
  t.same(await code(shop.ask('POST', '/ping', undefined, { headers: { 'dujiao-next-signature': '' } })), [401, 'missing_auth_headers'])
  t.same(await code(shop.ask('GET', '/nothing')), [404, 'not_found'])
  await expectStatus(200, hub.admin('POST', `/v1/admin/resellers/${shop.reseller.id}/pause`))
  t.same(await code(shop.ask('POST', '/ping')), [403, 'user_disabled'])
})

t.test('a number buys once; the cards are in the order, and in the call that is signed', async t => {
  const shop = await newShop('10.00')
  const receiver = await startShopReceiver(t, `${BASE}/callback`)
  const skuId = await createSku(hub, { price: '2.50', keys: ['DN-1', 'DN-2', 'DN-3', 'DN-4'] })
  const sku_id = await skuNumber(shop, skuId)
  const wish = { sku_id, quantity: 2, downstream_order_no: 'A-001', callback_url: receiver.url }
  const { status, body } = await shop.ask('POST', '/orders', wish)
  t.equal(status, 200)
  t.match(body, { ok: true, status: 'completed', amount: '5.00', currency: 'CNY', order_no: /^KH\d{15}$/ })
  t.strictSame((await shop.ask('POST', '/orders', { ...wish, trace_id: 'again' })).body, body)
  t.match(await shop.ask('POST', '/orders', { ...wish, quantity: 1 }), { status: 400, body: { error_code: 'bad_request' } })
  const order = await shop.ask('GET', `/orders/${body.order_id}`)
  t.match(order.body, {
    status: 'completed',
    items: [{ sku_id, quantity: 2, unit_price: '2.50' }],
    fulfillment: { payload: 'DN-1\nDN-2', status: 'delivered' }
  })
  const stranger = await newShop()
  t.match(await stranger.ask('GET', `/orders/${body.order_id}`), { status: 404, body: { error_code: 'order_not_found' } })
  t.match(await shop.ask('POST', `/orders/${body.order_id}/cancel`), { status: 409, body: { error_code: 'cancel_not_allowed' } })
  t.match((await shop.ask('POST', '/ping')).body, { balance: '5.00' })

  const call = await receiver.call(0)
  const http = createTestOutbound({ timeoutMs: 1_000, maxBytes: 10_000 })
  t.teardown(() => http.close())
  const client = dujiaoNext.connect({ baseUrl: 'https://hub.example.com', apiKey: shop.login, apiSecret: shop.secret }, http)
  t.match(client.parseWebhook(call.headers, Buffer.from(call.body), {}), {
    kind: 'events',
    events: [{ kind: 'order_changed', reference: 'A-001', upstreamId: String(body.order_id) }]
  })
  t.match(JSON.parse(call.body), { status: 'completed', fulfillment: { payload: 'DN-1\nDN-2' } })
  const twins = await Promise.all(
    Array.from({ length: 6 }, () => shop.ask('POST', '/orders', { ...wish, downstream_order_no: 'A-002', quantity: 1 }))
  )
  t.equal(new Set(twins.map(each => each.body.order_id)).size, 1)
  t.match((await shop.ask('POST', '/ping')).body, { balance: '2.50' })
  const time = String(Math.floor(Date.now() / 1000))
  const bare = await Promise.all([1, 2].map(() => shop.ask('POST', '/orders', { sku_id, quantity: 1 }, { time })))
  t.same(bare[0]?.body, bare[1]?.body, 'a replayed request without a number is the same order')
})

t.test('refusals have their codes and cost nothing; addresses of the inside are not called', async t => {
  const shop = await newShop('5.00')
  const skuId = await createSku(hub, { price: '4.00', keys: ['X-1', 'X-2'], maxQuantity: 2 })
  const sku_id = await skuNumber(shop, skuId)
  const refused = async (body: object): Promise<unknown> => {
    const answer = await shop.ask('POST', '/orders', { sku_id, quantity: 1, downstream_order_no: 'R-1', ...body })
    return [answer.status, answer.body.error_code]
  }
  t.same(await refused({ quantity: 2 }), [402, 'insufficient_balance'])
  t.same(await refused({ sku_id: 999_999_999 }), [400, 'sku_unavailable'])
  for (const bad of [
    { quantity: 0 },
    { quantity: 3 },
    { quantity: '1' },
    { sku_id: 'x' },
    { sku_id: null },
    { downstream_order_no: 7 },
    { downstream_order_no: 'a b' },
    { manual_form_data: [] },
    { manual_form_data: { a: '\0' } }
  ]) {
    t.same(await refused(bad), [400, 'bad_request'], JSON.stringify(bad))
  }
  for (const callback_url of ['ftp://a.example.com/x', 'https://u:p@a.example.com/', 'javascript:1', 'x', 7])
    t.same(await refused({ callback_url }), [400, 'invalid_callback_url'])
  for (const text of ['{', '[]', '1', 'null', '{"sku_id":1e999}', '\u0000']) {
    const answer = await shop.ask('POST', '/orders', undefined, { text })
    t.equal(answer.status, 400, text)
  }
  for (const id of ['0', '-1', 'x', '9'.repeat(30), '%00', '1/2']) t.ok((await shop.ask('GET', `/orders/${id}`)).status < 500)
  for (const page of ['0', '-1', 'x', '999999999999']) t.equal((await shop.ask('GET', `/products?page=${page}&page_size=${page}`)).status, 200)
  await expectStatus(200, hub.admin('POST', `/v1/admin/skus/${skuId}/pause`))
  t.same(await refused({}), [400, 'sku_unavailable'])
  t.match((await shop.ask('POST', '/ping')).body, { balance: '5.00' })
})

t.test('an order that waits for a supplier says so, and can be cancelled while nobody was asked', async t => {
  const skuId = await createSku(hub, { price: '3.00' })
  const supplier = await expectStatus(
    201,
    hub.admin('POST', '/v1/admin/suppliers', {
      body: { name: 'far', adapter: 'kahub', config: { baseUrl: 'http://127.0.0.1:9', apiKey: 'kh_live_x', webhookSecret: 'whsec_AAAA' } }
    })
  )
  const source = { supplierId: supplier.id, productCode: 'x', unitCost: cny('1.00'), priority: 1, enabled: true }
  await expectStatus(200, hub.admin('PUT', `/v1/admin/skus/${skuId}/sources`, { body: [source] }))
  const shop = await newShop('6.00')
  const sku_id = await skuNumber(shop, skuId)
  const { body } = await shop.ask('POST', '/orders', { sku_id, quantity: 1, downstream_order_no: 'W-1' })
  t.match(body, { ok: true, status: /^(paid|fulfilling|canceled)$/ })
  const shown = await shop.ask('GET', `/orders/${body.order_id}`)
  t.notOk('fulfillment' in shown.body, 'no cards, no fulfillment')
})

t.test('one kahub buys from another by way of this protocol', async t => {
  const keys = Array.from({ length: 5 }, (_, n) => `DNX-KEY-00${n}`)
  const skuId = await createSku(hub, { price: '5.00', keys })
  const shop = await newShop('20.00')
  const { body } = await shop.ask('GET', '/products?page_size=100')
  const { code: skuCode } = await expectStatus(200, hub.admin('GET', `/v1/admin/skus/${skuId}`))
  const product = body.items.find((each: Json) => each.skus.some((sku: Json) => sku.sku_code === skuCode))
  const productCode = `${product.id}/${product.skus[0].id}`
  const address = await hub.app.listen({ port: 0, host: '127.0.0.1' })
  const http = createTestOutbound({ timeoutMs: 10_000, maxBytes: 3_000_000 })
  t.teardown(() => http.close())
  const client = dujiaoNext.connect({ baseUrl: `${address}${PREFIX}`, apiKey: shop.login, apiSecret: shop.secret }, http)
  const order = { productCode, quantity: 2, maxUnitCost: 50_000n, currency: 'CNY', input: null, notifyUrl: null, reference: 'hub-1' }
  t.match(await client.ping(), { ok: true })
  t.same(await client.balance(), { amount: 200_000n, currency: 'CNY' })
  t.ok((await client.listProducts(null, null))?.products.some(each => each.code === productCode && each.stock === 5))
  t.match(await client.quote(productCode, 1), { unitCost: 50_000n })
  const placed = await client.place(order)
  t.match(placed, { kind: 'accepted' })
  t.same(await client.place({ ...order, again: true }), placed)
  const upstreamId = placed.kind === 'accepted' ? placed.upstreamId : null
  t.match(await client.query({ reference: 'hub-1', upstreamId }), {
    kind: 'fulfilled',
    cards: [{ secret: 'DNX-KEY-000' }, { secret: 'DNX-KEY-001' }]
  })
  t.match(await client.place({ ...order, reference: 'hub-2', maxUnitCost: 49_999n }), { kind: 'refused', refusal: 'price_exceeded' })
  t.match(await client.place({ ...order, reference: 'hub-3', quantity: 4 }), { kind: 'refused', refusal: 'out_of_stock' })
  t.match(await client.place({ ...order, reference: 'hub-4', quantity: 3 }), { kind: 'refused', refusal: 'no_funds' })
  t.match(await client.cancel({ reference: 'hub-1', upstreamId }), { kind: 'refused' })
})
