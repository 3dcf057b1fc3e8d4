/** The shop buys here: everything goes through its own admin pages and its own checkout. */
import type { Test } from 'tap'
import type { Json } from '../../support/app.ts'
import { cny, expectStatus } from '../../support/shop.ts'
import { type Hub, keysOf, newProduct, newReseller } from './hub.ts'
import type { RecordingProxy } from './recording-proxy.ts'
import type { Customer, Shop } from './shop.ts'

export interface World {
  readonly shop: Shop
  readonly hub: Hub
  readonly proxy: RecordingProxy
}

/** The shop's own row of an item that was imported. */
export async function commodityOf({ shop }: World, code: string): Promise<{ id: number; price: string; config: string; stock: string }> {
  const [[id = '', price = '', config = '', stock = ''] = []] = await shop.sql(
    `SELECT id, user_price, replace(config, char(10), ' '), stock FROM acg_commodity WHERE shared_code = '${code}'`
  )
  return { id: Number(id), price, config, stock }
}

/** Adds the proxy as an upstream of the shop, which knows each address once; the id that the shop gives it. */
export async function addStore({ shop, proxy }: World, { login, secret }: { login: string; secret: string }, host: string): Promise<number> {
  const fields = { type: 0, domain: `${proxy.base.replace('127.0.0.1', host)}/facades/acg-faka/`, app_id: login, app_key: secret }
  return (await shop.admin.get('/admin/api/store/save', fields)).id
}

/** Imported under a category of the shop's own, at the shop's cost plus that much. */
export const importItems = ({ shop }: World, storeId: number, codes: readonly string[], premium = '0'): Promise<Json> =>
  shop.admin.get(`/admin/api/store/addItem?storeId=${storeId}`, {
    category_mode: 1,
    remote_category_name: '游戏点卡',
    item_codes: codes,
    premium,
    premium_type: 0,
    shelves: 1,
    shared_sync: 0,
    shared_amount_sync: 1,
    shared_config_sync: 1
  })

export const orderBy = (
  { shop }: World,
  customer: Pick<Customer, 'post'>,
  itemId: number,
  more: object = {},
  payId = shop.payBy.balance
): Promise<Json> =>
  customer.post('/user/api/order/trade', {
    item_id: itemId,
    contact: 'guest@example.com',
    num: 1,
    card_id: 0,
    pay_id: payId,
    password: '',
    coupon: '',
    ...more
  })

export async function sellToShop(t: Test, world: World): Promise<void> {
  const { hub, shop, proxy } = world
  const plain = await newProduct(hub, 'Steam 50', [{ name: 'one', price: '9.50', keys: keysOf('PLAIN', 20) }])
  const raced = await newProduct(hub, 'VIP', [
    { name: '月卡', price: '3.00', keys: keysOf('MONTH', 10), more: { maxQuantity: 5 } },
    { name: '年卡', price: '30.00', keys: keysOf('YEAR', 10), more: { maxQuantity: 5 } }
  ])
  const kind = (race: string, colour: string): object => ({ race, options: { 颜色: colour } })
  const optioned = await newProduct(hub, 'Shirt', [
    { name: 'A', price: '5.00', keys: keysOf('A', 5), kind: kind('大', '红') },
    { name: 'B', price: '6.50', keys: keysOf('B', 5), kind: kind('大', '蓝') },
    { name: 'C', price: '7.00', keys: keysOf('C', 5), kind: kind('小', '红') },
    { name: 'D', price: '8.50', keys: keysOf('D', 5), kind: kind('小', '蓝') }
  ])
  const inputSchema = { type: 'object', properties: { account: { type: 'string', title: '账号', pattern: '^[a-z]{3,9}$' } }, required: ['account'] }
  const asking = await newProduct(hub, 'Asks <for> an account', [{ name: 'X', price: '2.0001', keys: keysOf('ASKS', 5), more: { inputSchema } }])
  const codes = [plain.code, raced.code, optioned.code, asking.code]
  const reseller = await newReseller(hub, '500.00')

  const wrong = await shop.admin.post('/admin/api/store/save', { type: 0, domain: `${proxy.base}/facades/acg-faka`, app_id: '1', app_key: 'x' })
  t.equal(wrong.code, 0, 'a wrong key is refused')
  const storeId = await addStore(world, reseller.credential, '127.0.0.1')
  t.strictSame(await shop.sql(`SELECT name, balance FROM acg_shared WHERE id = ${storeId}`), [['kahub', '500.00']])
  const tree: Json[] = await shop.admin.get('/admin/api/store/items', { id: storeId })
  const listed = tree.flatMap(({ children }) => children)
  t.strictSame(listed.map(({ code }: Json) => code).sort(), [...codes].sort())
  const imported = await importItems(world, storeId, codes, '1.00')
  t.match(imported, { success: codes.length, error: 0 }, JSON.stringify(imported))
  t.match(await commodityOf(world, plain.code), { price: '10.50', stock: '20' })
  t.match((await commodityOf(world, raced.code)).config, /月卡=4(\.00)? .*年卡=31/)

  await expectStatus(200, hub.admin('PATCH', `/v1/admin/skus/${plain.skuIds[0]}`, { body: { price: cny('9.00') } }))
  await shop.admin.get(`/admin/api/store/syncRemote?id=${storeId}`, { id: storeId })
  t.match(await commodityOf(world, plain.code), { price: '10.00', stock: '20' }, 'a price that changed here is the new one there')

  const customer = await shop.newCustomer('200.00')
  const ids = new Map<string, number>()
  for (const code of codes) ids.set(code, (await commodityOf(world, code)).id)
  const buy = (code: string, more: object = {}): Promise<Json> => orderBy(world, customer, ids.get(code) ?? 0, more)
  const first = await buy(plain.code, { num: 3 })
  t.match(first, { code: 200, data: { secret: 'PLAIN-0000\nPLAIN-0001\nPLAIN-0002', stock: '17' } }, JSON.stringify(first))
  t.equal(await customer.balance(), '170.00')
  t.match(await buy(raced.code, { race: '年卡' }), { code: 200, data: { secret: 'YEAR-0000' } })
  t.match(await buy(raced.code, { race: '月卡', num: 2 }), { code: 200, data: { secret: 'MONTH-0000\nMONTH-0001' } })
  t.match(await buy(optioned.code, { race: '小', sku: { 颜色: '蓝' } }), { code: 200, data: { secret: 'D-0000' } })
  t.match(await buy(optioned.code, { race: '大', sku: { 颜色: '红' } }), { code: 200, data: { secret: 'A-0000' } })
  t.match(await buy(asking.code, { account: '123' }), { code: 0, msg: /账号/ })
  t.match(await buy(asking.code, { account: 'abc' }), { code: 200, data: { secret: 'ASKS-0000' } })
  t.match((await shop.sql(`SELECT name FROM acg_commodity WHERE id = ${ids.get(asking.code)}`))[0], ['Asks ＜for＞ an account'])
  t.equal(await reseller.balance(), '421.4999')

  const before = await customer.balance()
  t.match(await buy(raced.code), { code: 0, msg: /请选择商品类型/ })
  t.match(await buy(raced.code, { race: '周卡' }), { code: 0, msg: /此商品类型不存在/ })
  t.match(await buy(optioned.code, { race: '大' }), { code: 0, msg: /请选择颜色/ })
  t.match(await buy(plain.code, { num: 18 }), { code: 0, msg: '库存不足' })
  t.equal(await customer.balance(), before)

  await losesAnswers(t, world, { code: plain.code, itemId: ids.get(plain.code) ?? 0, reseller, customer })
}

interface Loss {
  readonly code: string
  readonly itemId: number
  readonly reseller: Awaited<ReturnType<typeof newReseller>>
  readonly customer: Customer
}

/** The hub has sold, and the shop does not hear of it. */
async function losesAnswers(t: Test, world: World, { itemId, reseller, customer }: Loss): Promise<void> {
  const { shop, proxy } = world
  const before = await customer.balance()
  const sold = (await reseller.orders()).length
  proxy.lose = { path: /trade/, left: 1 }
  t.match(await orderBy(world, customer, itemId), { code: 0, msg: /连接失败/ })
  t.equal(await customer.balance(), before, 'who paid by balance has it back')
  t.equal((await reseller.orders()).length, sold + 1)

  const guest = shop.guest()
  const asked = await orderBy(world, guest, itemId, {}, shop.payBy.gateway)
  t.match(asked, { code: 200, data: { secret: null } }, JSON.stringify(asked))
  const { tradeNo } = asked.data
  proxy.lose = { path: /trade/, left: 2 }
  for (const _ of [1, 2]) t.not(await shop.notifyPaid(tradeNo), 'taken')
  t.equal(await shop.notifyPaid(tradeNo), 'taken', 'the payment gateway tells again, and the same number gets its card')
  const [order] = await shop.sql(`SELECT status, secret FROM acg_order WHERE trade_no = '${tradeNo}'`)
  const own = (await reseller.orders()).filter(({ reference }: Json) => reference === tradeNo)
  t.equal(own.length, 1, 'bought once')
  t.match(order, ['1', /^PLAIN-\d{4}$/])
  t.not(await shop.notifyPaid(tradeNo), 'taken', 'and the shop takes no payment twice')
  t.equal((await reseller.orders()).length, sold + 2)
}
