import t from 'tap'
import { isSignedWith, sign, sortedJson } from '../../src/facades/kasushou/sign.ts'
import { kasushou } from '../../src/suppliers/adapters/kasushou/index.ts'
import { type Json, startTestApp } from '../support/app.ts'
import { createTestOutbound } from '../support/outbound.ts'
import { createReseller, createSku, expectStatus, importKeys } from '../support/shop.ts'
import { issue } from './acg-shop.ts'
import { startShopReceiver } from './shop-receiver.ts'

const hub = await startTestApp(t, { worker: true })
const PREFIX = '/facades/kasushou'

interface Options {
  readonly time?: number
  readonly key?: string
  readonly text?: string
  readonly userId?: string
}

async function newShop(credit = '100.00') {
  const reseller = await createReseller(hub, { credit })
  const { login, secret } = await issue(hub.admin, reseller.id, { protocol: 'kasushou' })
  const ask = async (path: string, fields: object = {}, options: Options = {}): Promise<Json> => {
    const time = String(options.time ?? Date.now())
    const response = await hub.app.inject({
      method: 'POST',
      url: `${PREFIX}/api/v1/${path}`,
      headers: {
        'content-type': 'application/json',
        userid: options.userId ?? login,
        timestamp: time,
        sign: sign(time, sortedJson({ ...fields }), options.key ?? secret)
      },
      payload: options.text ?? JSON.stringify(fields)
    })
    if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode}: ${response.body}`)
    return JSON.parse(response.body)
  }
  return { reseller, login, secret, ask }
}

/** The id of goods with these keys. */
async function sell({ ask }: Awaited<ReturnType<typeof newShop>>, keys: readonly string[], price: string): Promise<number> {
  const skuId = await createSku(hub, { price })
  const idsOf = async (): Promise<Json[]> => (await ask('goods/list', { page: 1, limit: 100 })).data.list
  const before = new Set((await idsOf()).filter(each => each.stock_num > 0).map(each => each.id))
  await importKeys(hub, skuId, keys)
  const [found] = (await idsOf()).filter(each => each.stock_num === keys.length && !before.has(each.id))
  return found.id
}

t.test('the signature is the documented one, over the sorted body', async t => {
  const fields = { external_orderno: 'T-0001', id: 7, quantity: 1 }
  t.equal(sign('1767322800000', sortedJson(fields), 'demo_secret'), '0588d676d863b138b921843013e9aaa1e764c725')
  const mixed = { quantity: 1, id: 7, external_orderno: 'T-0001' }
  const signed = { time: '1767322800000', text: JSON.stringify(mixed), fields: mixed }
  t.ok(isSignedWith(['demo_secret'], signed, '0588d676d863b138b921843013e9aaa1e764c725'), 'in whatever order it was sent')
  const forged = { ...mixed, id: 1 }
  t.notOk(isSignedWith(['demo_secret'], { ...signed, text: JSON.stringify(forged), fields: forged }, '0588d676d863b138b921843013e9aaa1e764c725'))
  /** Written by others: numbers, escapes and blanks are what they are there. */
  const asSent = [
    ['{"quantity":1,"safe_price":10.0,"id":7}', '{"id":7,"quantity":1,"safe_price":10.0}'],
    [
      '{"url": "https:\\/\\/x", "attach": {"b": "{,}", "a": [1, 2]}, "id": 7}',
      '{"attach": {"b": "{,}", "a": [1, 2]}, "id": 7, "url": "https:\\/\\/x"}'
    ],
    ['{"mark":"\\u4e2d \\"q\\"","id":7}', '{"id":7,"mark":"\\u4e2d \\"q\\""}'],
    ['{"mark":"\\u4e2d\\/","id":7}', '{"id":7,"mark":"中/"}'],
    ['{ }', '{}'],
    ['{}', '{}']
  ] as const
  for (const [text, sorted] of asSent) {
    const sent = { time: '1767322800000', text, fields: JSON.parse(text) }
    t.ok(isSignedWith(['k'], sent, sign(sent.time, sorted, 'k')), text)
    t.notOk(isSignedWith(['k'], sent, sign(sent.time, sorted.replace('7', '8'), 'k')) && sorted.includes('7'), text)
  }
  const shop = await newShop()
  t.match(await shop.ask('user/info'), { code: 200, data: { balance: '100.00' } })
  t.match(await shop.ask('user/info', {}, { text: '' }), { code: 200 })
  for (const late of [-320_000, 320_000]) t.match(await shop.ask('user/info', {}, { time: Date.now() + late }), { code: 400, msg: /时间戳/ })
  t.match(await shop.ask('user/info', {}, { key: 'other' }), { code: 400, msg: '签名错误' })
  t.match(await shop.ask('goods/info', { id: 12 }, { text: '{"id":21}' }), { code: 400, msg: '签名错误' })
  t.match(await shop.ask('user/info', {}, { userId: '999999999999' }), { code: 400, msg: '用户不存在' })
  for (const text of ['{', '[]', 'null', '1', '\u0000']) t.match(await shop.ask('user/info', {}, { text }), { code: 400 })
  t.match(await shop.ask('nothing'), { code: 400 })
  await expectStatus(200, hub.admin('POST', `/v1/admin/resellers/${shop.reseller.id}/pause`))
  t.match(await shop.ask('user/info'), { code: 400, msg: '账号已被禁用' })
})

t.test('a number buys once; the cards are in the order, and in the call', async t => {
  const shop = await newShop('10.00')
  const receiver = await startShopReceiver(t, '/callback')
  receiver.answer = { status: 200, body: 'ok' }
  const id = await sell(shop, ['KS-1', 'KS-2', 'KS-3'], '2.50')
  t.match(await shop.ask('goods/info', { id }), { code: 200, data: { id, goods_price: '2.50', stock_num: 3, status: 1 } })
  const wish = { id, quantity: 2, external_orderno: 'T-1', safe_price: '2.50', url: receiver.url }
  t.match(await shop.ask('order/buy', { ...wish, safe_price: '2.49' }), { code: 400, msg: '商品价格高于安全价格' })
  const bought = await shop.ask('order/buy', wish)
  t.match(bought, { code: 200, data: { ordersn: /^\d{15}$/, external_orderno: 'T-1', total_price: '5.00' } })
  t.strictSame(await shop.ask('order/buy', { ...wish, id: String(id), safe_price: '9' }), bought)
  t.match(await shop.ask('order/buy', { ...wish, quantity: 1 }), { code: 400, msg: '三方订单号已存在' })
  const info = await shop.ask('order/info', { external_orderno: 'T-1,T-2', day: 0 })
  t.match(info.data, [{ external_orderno: 'T-1', status: 3, card_list: [{ card_no: '', card_password: 'KS-1' }, { card_password: 'KS-2' }] }])
  t.strictSame((await shop.ask('order/info', { ordersn: bought.data.ordersn })).data, info.data)
  t.strictSame((await (await newShop()).ask('order/info', { ordersn: bought.data.ordersn })).data, [])
  t.match((await shop.ask('user/info')).data, { balance: '5.00' })

  const { body } = await receiver.call(0)
  const http = createTestOutbound({ timeoutMs: 1_000, maxBytes: 10_000 })
  t.teardown(() => http.close())
  const client = kasushou.connect({ baseUrl: 'https://hub.example.com', userId: shop.login, apiKey: shop.secret }, http)
  t.match(client.parseWebhook({}, Buffer.from(body), {}), { kind: 'events', events: [{ reference: 'T-1', upstreamId: bought.data.ordersn }] })
  t.match(JSON.parse(body), { status: '3', card_list: [{ card_password: 'KS-1' }, { card_password: 'KS-2' }] })

  t.match(await shop.ask('order/buy', { ...wish, external_orderno: 'T-3' }), { code: 400, msg: '商品库存不足' })
  t.match(await shop.ask('order/buy', { ...wish, external_orderno: 'T-4', id: 999_999_999 }), { code: 400, msg: /商品不存在/ })
  for (const bad of [
    { external_orderno: '' },
    { external_orderno: 1 },
    { external_orderno: 'a,b' },
    { quantity: 0 },
    { quantity: 'x' },
    { safe_price: 'x' },
    { safe_price: {} },
    { attach: 'x' },
    { attach: { a: '\0' } },
    { url: 'ftp://x' },
    { url: 7 }
  ]) {
    t.match(await shop.ask('order/buy', { ...wish, external_orderno: 'bad', ...bad }), { code: 400, msg: /^请求参数错误/ }, JSON.stringify(bad))
  }
  for (const fields of [{}, { external_orderno: ',' }, { ordersn: {} }, { external_orderno: Array.from({ length: 60 }, (_, n) => n).join(',') }])
    t.match(await shop.ask('order/info', fields), { code: 400 })
})

t.test('one kahub buys from another by way of this protocol', async t => {
  const shop = await newShop('20.00')
  const keys = Array.from({ length: 6 }, (_, n) => `KSX-KEY-00${n}`)
  const productCode = String(await sell(shop, keys, '5.00'))
  const address = await hub.app.listen({ port: 0, host: '127.0.0.1' })
  const http = createTestOutbound({ timeoutMs: 10_000, maxBytes: 3_000_000 })
  t.teardown(() => http.close())
  const client = kasushou.connect({ baseUrl: `${address}${PREFIX}`, userId: shop.login, apiKey: shop.secret }, http)
  const order = { productCode, quantity: 2, maxUnitCost: 50_000n, currency: 'CNY', input: null, notifyUrl: null, reference: 'hub-1' }
  t.match(await client.ping(), { ok: true })
  t.same(await client.balance(), { amount: 200_000n, currency: 'CNY' })
  t.ok((await client.listProducts(null, null))?.products.some(each => each.code === productCode && each.stock === 6))
  t.match(await client.query({ reference: 'hub-1', upstreamId: null }), { kind: 'not_found' })
  const placed = await client.place(order)
  t.match(placed, { kind: 'accepted' })
  t.same(await client.place(order), placed)
  t.match(await client.query({ reference: 'hub-1', upstreamId: null }), {
    kind: 'fulfilled',
    cards: [{ secret: 'KSX-KEY-000' }, { secret: 'KSX-KEY-001' }]
  })
  t.match(await client.place({ ...order, reference: 'hub-2', maxUnitCost: 49_999n }), { kind: 'refused', refusal: 'price_exceeded' })
  t.match(await client.place({ ...order, reference: 'hub-3', quantity: 5 }), { kind: 'refused', refusal: 'out_of_stock' })
  t.match(await client.place({ ...order, reference: 'hub-4', quantity: 3 }), { kind: 'refused', refusal: 'no_funds' })
  t.match(await client.place({ ...order, reference: 'hub-5', productCode: '999999999' }), { kind: 'refused', refusal: 'product_unavailable' })
})
