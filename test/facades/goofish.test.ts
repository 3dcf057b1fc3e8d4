import t from 'tap'
import { isSignedWith, sign } from '../../src/facades/goofish/sign.ts'
import { joinSecret } from '../../src/facades/secret.ts'
import { type Json, startTestApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { createReseller, createSku, expectStatus, importKeys } from '../support/shop.ts'
import { issue } from './acg-shop.ts'
import { startShopReceiver } from './shop-receiver.ts'

const hub = await startTestApp(t, { worker: true })
const PARTNER = { appId: '1783283558647493', appSecret: 'app-secret-AAAA' }

interface Options {
  readonly time?: number
  readonly secret?: string
  /** Sent instead of what is signed. */
  readonly text?: string
  readonly mchId?: string
}

async function newShop(credit = '100.00', credential: object = {}) {
  const reseller = await createReseller(hub, { credit })
  const { id, login, secret } = await issue(hub.admin, reseller.id, { protocol: 'goofish', partner: PARTNER, ...credential })
  const ask = async (path: string, fields: object = {}, options: Options = {}): Promise<Json> => {
    const body = JSON.stringify(fields)
    const time = String(options.time ?? Math.floor(Date.now() / 1000))
    const mchId = options.mchId ?? login
    const signature = sign({ body, time, mchId }, { secret: options.secret ?? secret, partner: PARTNER })
    const response = await hub.app.inject({
      method: 'POST',
      url: `/facades/goofish/goofish/${path}?mch_id=${mchId}&timestamp=${time}&sign=${signature}`,
      headers: { 'content-type': 'application/json' },
      payload: options.text ?? body
    })
    if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode}: ${response.body}`)
    return JSON.parse(response.body)
  }
  return { reseller, id, login, secret, ask }
}

type Shop = Awaited<ReturnType<typeof newShop>>

/** The number of the only goods of that stock. */
async function sell(shop: Shop, keys: readonly string[], price = '2.50'): Promise<string> {
  const skuId = await createSku(hub, { price })
  const before = await shop.ask('goods/list', { page_size: 100 })
  await importKeys(hub, skuId, keys)
  const known = new Set(before.data.list.filter((each: Json) => each.stock > 0).map((each: Json) => each.goods_no))
  const { data } = await shop.ask('goods/list', { goods_type: 2, page_no: 1, page_size: 100 })
  const found = data.list.filter((each: Json) => each.stock === keys.length && !known.has(each.goods_no))
  t.match(found, [{ goods_type: 2, price: Math.round(Number(price) * 100), status: 1 }])
  return found[0].goods_no
}

t.test('the signature is the documented one, bound to body, time and both credentials', async t => {
  const parts = { secret: 'demo_mch_secret', partner: { appId: 'demo_app', appSecret: 'demo_app_secret' } }
  const vector = { body: '{"order_no":"G1"}', time: '1767322800', mchId: 'demo_mch' }
  t.equal(sign(vector, parts), '259e50a438e7823d0ae6203ac27b2313')
  t.ok(isSignedWith([joinSecret(parts)], { ...vector, body: '' }, sign({ ...vector, body: '{}' }, parts)), 'no body is signed as an empty object')
  const shop = await newShop()
  const now = Math.floor(Date.now() / 1000)
  const features = { is_support_order_refund: false, is_support_goods_notify: true, is_support_loss_purchase: false }
  t.strictSame(await shop.ask('open/info'), { code: 0, msg: 'OK', data: { app_id: 1_783_283_558_647_493, features } })
  t.strictSame(await shop.ask('user/info'), { code: 0, msg: 'OK', data: { balance: 10_000 } })
  for (const late of [-320, 320, -86_400]) t.match(await shop.ask('user/info', {}, { time: now + late }), { code: 408 })
  t.match(await shop.ask('user/info', {}, { secret: 'other' }), { code: 401, msg: '签名错误' })
  t.match(await shop.ask('order/detail', { order_no: '12' }, { text: '{"order_no":"21"}' }), { code: 401 })
  t.match(await shop.ask('user/info', {}, { mchId: '999999999999' }), { code: 1000 })
  t.match(await shop.ask('nothing'), { code: 1 })
  await expectStatus(200, hub.admin('POST', `/v1/admin/resellers/${shop.reseller.id}/pause`))
  t.match(await shop.ask('user/info'), { code: 1001 })
  const elsewhere = await newShop('1.00', { ipAllow: ['203.0.113.9'] })
  t.match(await elsewhere.ask('user/info'), { code: 403 })
  const { id } = await createReseller(hub)
  await expectStatus(400, hub.admin('POST', `/v1/admin/resellers/${id}/facade-credentials`, { body: { protocol: 'goofish', name: 'x' } }))
  await expectStatus(
    400,
    hub.admin('POST', `/v1/admin/resellers/${id}/facade-credentials`, { body: { protocol: 'acg-faka', name: 'x', partner: PARTNER } })
  )
})

t.test('a number buys once, within its amount; the platform is told, signed', async t => {
  const shop = await newShop('10.00')
  const receiver = await startShopReceiver(t, '/api/open/callback/virtual/order/notify/token1')
  receiver.answer = { status: 200, body: '{"code":0,"msg":"OK"}' }
  const goods_no = await sell(shop, ['GF-1', 'GF-2', 'GF-3'])
  t.match(await shop.ask('goods/detail', { goods_type: 2, goods_no }), { code: 0, data: { goods_no, stock: 3, price: 250 } })
  t.match(await shop.ask('goods/detail', { goods_type: 1, goods_no }), { code: 1100 })
  const wish = { order_no: '1929063817978999932', goods_no, buy_quantity: 2, max_amount: 500, notify_url: receiver.url, biz_order_no: 'API1' }
  t.match(await shop.ask('order/purchase/create', { ...wish, max_amount: 499 }), { code: 1202 })
  const bought = await shop.ask('order/purchase/create', wish)
  t.match(bought, { code: 0, data: { order_no: wish.order_no, out_order_no: /^KH\d{15}$/, order_status: 20, order_amount: 500, order_type: 2 } })
  t.strictSame(bought.data.card_items, [
    { card_no: '', card_pwd: 'GF-1' },
    { card_no: '', card_pwd: 'GF-2' }
  ])
  t.strictSame(await shop.ask('order/purchase/create', { ...wish, biz_order_no: 'API2' }), bought, 'the same again is the same order')
  t.match(await shop.ask('order/purchase/create', { ...wish, buy_quantity: 1 }), { code: 1203 })
  const detail = { ...bought.data, goods_no, goods_name: 'Game key' }
  for (const asked of [{ order_no: wish.order_no }, { out_order_no: bought.data.out_order_no }, { order_no: wish.order_no, out_order_no: 'KH1' }]) {
    t.strictSame((await shop.ask('order/detail', { order_type: 2, ...asked })).data, detail)
  }
  t.match(await shop.ask('order/detail', { order_type: 2, out_order_no: 'KH123456789012345' }), { code: 1200 })
  t.match(await (await newShop()).ask('order/detail', { order_no: wish.order_no }), { code: 1200 })
  t.strictSame((await shop.ask('user/info')).data, { balance: 500 })

  const { query, body } = await receiver.call(0)
  const signed = { body, time: query['timestamp'] ?? '', mchId: query['mch_id'] ?? '' }
  t.equal(query['sign'], sign(signed, { secret: shop.secret, partner: PARTNER }))
  t.match(JSON.parse(body), { order_no: wish.order_no, order_status: 20, card_items: [{ card_pwd: 'GF-1' }, { card_pwd: 'GF-2' }] })
  const rotated = await expectStatus(201, hub.admin('POST', `/v1/admin/facade-credentials/${shop.id}/rotate`))
  t.match(await shop.ask('user/info', {}, { secret: rotated.secret }), { code: 0 }, 'the partner stays with a new secret')

  t.match(await shop.ask('order/purchase/create', { ...wish, order_no: 'n2', max_amount: 0 }), { code: 1102 })
  t.match(await shop.ask('order/purchase/create', { ...wish, order_no: 'n3', goods_no: '999999999' }), { code: 1100 })
  const poor = await newShop('1.00')
  t.match(await poor.ask('order/purchase/create', { ...wish, order_no: 'n4', buy_quantity: 1 }), { code: 1002 })
  for (const bad of [
    { order_no: '' },
    { order_no: 7 },
    { buy_quantity: 0 },
    { buy_quantity: '1' },
    { goods_no: null },
    { max_amount: -1 },
    { max_amount: 'x' },
    { notify_url: 'ftp://x' },
    { notify_url: 7 },
    { biz_content: [] }
  ]) {
    t.match(await shop.ask('order/purchase/create', { ...wish, order_no: 'bad', ...bad }), { code: 1201 }, JSON.stringify(bad))
  }
  for (const text of ['', '{', '[]', 'null', '\u0000', '"x"']) t.ok((await shop.ask('goods/list', {}, { text })).code > 0 || text === '')
})

t.test('a shop hears of the goods that it subscribed to, signed, and no more of what changed in between', async t => {
  const shop = await newShop('10.00')
  const receiver = await startShopReceiver(t, '/api/open/callback/virtual/goods/notify/token2')
  receiver.answer = { status: 200, body: '{"code":0,"msg":"OK"}' }
  const goods_no = await sell(shop, ['SUB-1', 'SUB-2', 'SUB-3'])
  const { data: found } = await expectStatus(200, hub.admin('GET', '/v1/admin/skus?limit=1'))
  const sku = `/v1/admin/skus/${found[0].id}`
  const wish = { goods_type: 2, goods_no, token: 'rq4dyt7k5spi039b1vuon8l6afxjc2mw', notify_url: receiver.url }
  t.match(await shop.ask('goods/change/subscribe', { ...wish, goods_no: '999999999' }), { code: 1100 })
  t.match(await shop.ask('goods/change/subscribe', { ...wish, goods_type: 1 }), { code: 1100 })
  for (const bad of [{ notify_url: 'ftp://x' }, { notify_url: 7 }, { token: {} }, { token: 'a b' }, { notify_url: '', token: '' }]) {
    t.match(await shop.ask('goods/change/subscribe', { ...wish, ...bad }), { code: 1201 }, JSON.stringify(bad))
  }
  for (const _ of [1, 2]) t.match(await shop.ask('goods/change/subscribe', wish), { code: 0 })
  const listed = await shop.ask('goods/change/subscribe/list', { goods_type: '', goods_no: '', page_no: 1, page_size: 100 })
  t.match(listed.data, { count: 1, list: [{ ...wish, subscribe_time: Number }] })
  const other = await newShop()
  t.strictSame((await other.ask('goods/change/subscribe/list', { page_no: 1, page_size: 50 })).data, { list: [], count: 0 })

  await expectStatus(200, hub.admin('PATCH', sku, { body: { price: { amount: '3.10', currency: 'CNY' } } }))
  const { query, body } = await receiver.call(0)
  const signed = { body, time: query['timestamp'] ?? '', mchId: query['mch_id'] ?? '' }
  t.equal(query['sign'], sign(signed, { secret: shop.secret, partner: PARTNER }))
  const about = (call: { body: string }): Json => JSON.parse(call.body).items
  t.match(about({ body }), [{ goods_no, goods_type: 2, price: 310, stock: 3, status: 1, change_time: Number }])

  receiver.answer = { status: 500, body: '' }
  await expectStatus(200, hub.admin('POST', `${sku}/pause`))
  t.match(about(await receiver.call(1)), [{ goods_no, price: 310, stock: 0, status: 2 }])
  receiver.answer = { status: 200, body: '{"code":0,"msg":"OK"}' }
  await expectStatus(200, hub.admin('POST', `${sku}/resume`))
  t.match(await shop.ask('order/purchase/create', { order_no: 'sub1', goods_no, buy_quantity: 1, max_amount: 0, notify_url: '' }), { code: 0 })
  await eventually('it knows the stock', () => receiver.calls.some(call => about(call)[0].stock === 2 && about(call)[0].status === 1))
  await expectStatus(200, hub.admin('PATCH', sku, { body: { name: 'Renamed' } }))
  for (const _ of [1, 2]) t.match(await shop.ask('goods/change/unsubscribe', wish), { code: 0 })
  t.strictSame((await shop.ask('goods/change/subscribe/list', { page_no: 1, page_size: 50 })).data, { list: [], count: 0 })
  const told = receiver.calls.filter(call => about(call)[0].status === 1).map(call => call.body.replace(/change_time.*/, ''))
  t.equal(new Set(told).size, told.length, 'nothing is told twice that was taken')
})
