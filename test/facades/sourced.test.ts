/** What suppliers bring, in the words of each protocol: stock, orders that wait, top-ups; and answers while nothing is decided. */
import t from 'tap'
import type { Protocol } from '../../src/facades/protocol.ts'
import { startUpstreamShop } from '../orders/upstream-rig.ts'
import { freshKey, type Json } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { cny, createReseller, expectStatus } from '../support/shop.ts'
import { type AcgCredential, issue, requestNo } from './acg-shop.ts'
import { DIALECTS, PARTNER } from './dialects.ts'
import { startShopReceiver } from './shop-receiver.ts'

const shop = await startUpstreamShop(t)
const { app } = shop

async function newShop(protocol: Protocol, more: object = {}) {
  const reseller = await createReseller(app, { credit: '100.00' })
  const credential: AcgCredential = await issue(app.admin, reseller.id, {
    protocol,
    ...(protocol === 'goofish' ? { partner: PARTNER } : {}),
    ...more
  })
  const { root, sign } = DIALECTS[protocol]
  /** Texts and numbers as they are, everything else as JSON. */
  const ask = async (path: string, fields: Readonly<Record<string, unknown>> = {}): Promise<Json> => {
    const written = Object.entries(fields).map(([name, value]) => [name, protocol === 'acg-faka' ? String(value) : JSON.stringify(value)])
    const { path: url, headers = {}, body = '' } = sign(credential, `${root}${path}`, Object.fromEntries(written))
    const response = await app.app.inject({ method: 'POST', url, headers, payload: body })
    return JSON.parse(response.body)
  }
  return { reseller, credential, ask }
}

const acg = await newShop('acg-faka')
const patient = await newShop('acg-faka', { allowWaiting: true })
const goofish = await newShop('goofish')
const kasushou = await newShop('kasushou')
const dujiao = await newShop('dujiao-next')

/** The one piece of goods of that name, for whoever lists all. */
async function goofishGoods(name: string): Promise<Json> {
  const { data } = await goofish.ask('/goofish/goods/list', { keyword: name, page_no: 1, page_size: 100 })
  return data.list.find((each: Json) => each.goods_name.startsWith(name))
}

async function newSku(name: string, more: Json = {}, product: Json = {}): Promise<{ skuId: string; productId: string }> {
  const { id } = await expectStatus(201, app.admin('POST', '/v1/admin/products', { body: { name, category: 'x', kind: 'card', ...product } }))
  const body = { productId: id, code: freshKey(), name, price: cny('10.00'), ...more }
  return { skuId: (await expectStatus(201, app.admin('POST', '/v1/admin/skus', { body }))).id, productId: id }
}

t.test('shown stock is own stock and what suppliers have at a cost that leaves something', async t => {
  const { id: supplierId } = await shop.supplier()
  const { skuId, productId } = await newSku('Stocked')
  const keys = { body: 'ST-1\nST-2\nST-3\n', headers: { 'content-type': 'text/plain' } }
  await expectStatus(201, app.admin('POST', `/v1/admin/skus/${skuId}/card-batches`, keys))
  const source = { supplierId, productCode: '1001', unitCost: cny('5.00'), priority: 1, enabled: true }
  const shown = async (): Promise<Json[]> => {
    const goods = await goofishGoods('Stocked')
    const { data } = await kasushou.ask('/api/v1/goods/info', { id: Number(goods.goods_no) })
    const stocks = await Promise.all([acg, patient].map(each => each.ask('/shared/commodity/stock', { code: productId })))
    return [goods.stock, data.stock_num, ...stocks.map(answer => Number(answer.data.stock))]
  }
  const eventuallyShown = (...stocks: readonly number[]): Promise<unknown> =>
    eventually(`${stocks} are shown`, async () => JSON.stringify(await shown()) === JSON.stringify(stocks))
  await eventuallyShown(3, 3, 3, 3)
  await expectStatus(200, app.admin('PUT', `/v1/admin/skus/${skuId}/sources`, { body: [source] }))
  await eventuallyShown(999_999, 999_999, 3, 999_999)
  await shop.sql('UPDATE sku_source SET available = 5 WHERE sku_id = $1', [skuId.slice(4)])
  await eventuallyShown(8, 8, 3, 8)
  await expectStatus(200, app.admin('PUT', `/v1/admin/skus/${skuId}/sources`, { body: [{ ...source, unitCost: cny('10.01') }] }))
  await eventuallyShown(3, 3, 3, 3)
  t.pass('own stock only goes to shops that could not get the rest later')
})

t.test('a top-up is bought with what its buyer filled in, waits in the words of each protocol, and is told when it is done', async t => {
  const { id: supplierId } = await shop.supplier()
  const inputSchema = { type: 'object', properties: { phone: { type: 'string', title: '手机号', pattern: '^[0-9]{5,15}$' } }, required: ['phone'] }
  const { skuId } = await newSku('Phone', { inputSchema }, { kind: 'topup' })
  const source = { supplierId, productCode: '1001', unitCost: cny('5.00'), priority: 1, enabled: true }
  await expectStatus(200, app.admin('PUT', `/v1/admin/skus/${skuId}/sources`, { body: [source] }))
  const receiver = await startShopReceiver(t, '/told')
  receiver.answer = { status: 200, body: '{"code":0,"ok":true}' }
  const goods = await eventually('it is on sale', () => goofishGoods('Phone'))
  t.match(goods, { goods_type: 1, template: [{ code: 'phone', name: '手机号', check: 1 }] })
  const id = Number(goods.goods_no)
  const ended = async (is: () => Promise<boolean>): Promise<void> => {
    await eventually('it has ended', async () => {
      await shop.hurry()
      return await is()
    })
  }

  const wish = { order_no: 'top1', goods_no: goods.goods_no, buy_quantity: 1, max_amount: 1_000, notify_url: receiver.url }
  t.match(await goofish.ask('/goofish/order/recharge/create', { ...wish, biz_content: { account: 'x' } }), { code: 1201 })
  t.match(await goofish.ask('/goofish/order/recharge/create', { ...wish, biz_content: {} }), { code: 1201 })
  t.match(await goofish.ask('/goofish/order/purchase/create', wish), { code: 1100 }, 'it is no card')
  const filled = { ...wish, biz_content: { account: '13800138000', buyer_ip: '113.87.236.130' } }
  t.match(await goofish.ask('/goofish/order/recharge/create', filled), { code: 0, data: { order_type: 1, order_status: 10 } })
  const detail = (): Promise<Json> => goofish.ask('/goofish/order/detail', { order_type: 1, order_no: 'top1' })
  await ended(async () => (await detail()).data.order_status === 20)
  t.match((await detail()).data, { order_type: 1, goods_no: goods.goods_no, goods_name: 'Phone', end_time: Number, card_items: undefined })
  t.match(JSON.parse((await receiver.call(0)).body), { order_type: 1, order_no: 'top1', order_status: 20, end_time: Number, card_items: undefined })

  t.match(await kasushou.ask('/api/v1/goods/attach', { id }), { code: 200, data: [{ key: 'phone', title: '手机号' }] })
  const buy = { id, quantity: 1, external_orderno: 'top2', attach: { phone: '13800138001' } }
  t.match(await kasushou.ask('/api/v1/order/buy', { ...buy, attach: {} }), { code: 400, msg: /attach/ })
  t.match(await kasushou.ask('/api/v1/order/buy', buy), { code: 200, data: { external_orderno: 'top2' } })
  const info = async (): Promise<Json> => (await kasushou.ask('/api/v1/order/info', { external_orderno: 'top2' })).data[0]
  await ended(async () => (await info()).status === 3)
  t.match(await info(), { card_list: [], has_back_money: '0.00' })

  const order = { sku_id: id, quantity: 1, downstream_order_no: 'top3', callback_url: receiver.url, manual_form_data: { phone: '13800138002' } }
  t.match(await dujiao.ask('/api/v1/upstream/orders', { ...order, manual_form_data: { phone: 'x' } }), { ok: false, error_code: 'bad_request' })
  t.match(await dujiao.ask('/api/v1/upstream/orders', order), { ok: true, status: /^(paid|fulfilling)$/ })
  await ended(async () => (await dujiao.ask('/api/v1/upstream/orders', order)).status === 'completed')
  const told = await eventually('it is told', () =>
    receiver.calls.map(call => JSON.parse(call.body)).find(each => each.downstream_order_no === 'top3')
  )
  t.match(told, { status: 'completed', fulfillment: { payload: '充值成功' } })
  for (const each of [goofish, kasushou, dujiao]) {
    t.match(await expectStatus(200, each.reseller.call('GET', '/v1/wallet')), { available: { amount: '90.00' } }, 'charged once')
  }
})

t.test('what cannot be decided now is answered before it is, goes on, and is found under its number', async t => {
  const { skuId, productId } = await newSku('Slow')
  const keys = { body: ['SL-1', 'SL-2', 'SL-3', 'SL-4', 'SL-5'].join('\n'), headers: { 'content-type': 'text/plain' } }
  await expectStatus(201, app.admin('POST', `/v1/admin/skus/${skuId}/card-batches`, keys))
  const goods = await eventually('it is on sale', () => goofishGoods('Slow'))
  const id = Number(goods.goods_no)
  const buy = {
    goofish: () => goofish.ask('/goofish/order/purchase/create', { order_no: 's1', goods_no: goods.goods_no, buy_quantity: 1, notify_url: '' }),
    kasushou: () => kasushou.ask('/api/v1/order/buy', { id, quantity: 1, external_orderno: 's2' }),
    dujiao: () => dujiao.ask('/api/v1/upstream/orders', { sku_id: id, quantity: 1, downstream_order_no: 's3' })
  }
  const request_no = requestNo()
  const trade = (): Promise<Json> => acg.ask('/shared/commodity/trade', { shared_code: productId, num: 1, card_id: 0, race: '', request_no })
  await shop.sql('BEGIN')
  await shop.sql('SELECT FROM sku_fence WHERE sku_id = $1 FOR UPDATE', [skuId.slice(4)])
  const traded = trade()
  // They are answered although the row is still held.
  const [busyGoofish, busyKasushou, busyDujiao] = await Promise.all([buy.goofish(), buy.kasushou(), buy.dujiao()])
  await shop.sql('COMMIT')
  t.match(busyGoofish, { code: 1209 })
  t.match(busyKasushou, { code: 500 })
  t.match(busyDujiao, { ok: false, error_code: 'internal_error' })
  const secrets = [
    await eventually('goofish has its card', async () => (await buy.goofish()).data?.card_items?.[0].card_pwd),
    await eventually('kasushou has its card', async () => {
      const { data } = await kasushou.ask('/api/v1/order/info', { external_orderno: (await buy.kasushou()).data?.external_orderno ?? 's2' })
      return data[0]?.card_list[0]?.card_password
    }),
    await eventually('dujiao has its order', async () => (await buy.dujiao()).status === 'completed' && 'ordered'),
    await eventually('acg-faka has its card', async () => ((await traded).code === 200 ? await traded : await trade()).data?.secret)
  ]
  t.equal(new Set(secrets).size, 4)
  t.match(secrets.join(), /SL-\d/)
  for (const each of [goofish, kasushou, dujiao, acg]) {
    const orders = await expectStatus(200, each.reseller.call('GET', '/v1/orders?limit=100'))
    t.equal(orders.data.filter((order: Json) => order.skuId === skuId).length, 1, 'bought once')
  }
})
