/** The other way: the shop is a supplier, and our adapter buys from it. */
import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { acgFaka } from '../../../src/suppliers/adapters/acg-faka/index.ts'
import type { PlaceRequest, PlaceResult, SupplierClient } from '../../../src/suppliers/contract.ts'
import type { Json } from '../../support/app.ts'
import { eventually } from '../../support/eventually.ts'
import { createTestOutbound } from '../../support/outbound.ts'
import { cny, createReseller, expectStatus } from '../../support/shop.ts'
import { keysOf } from './hub.ts'
import type { World } from './sell.ts'

const MONTH = '月卡'

/** Goods of the shop's own, with cards; the code that its upstream protocol knows them by. */
async function stockGoods(
  { shop }: World,
  name: string,
  config: string,
  cards: readonly { race?: string; sku?: Record<string, string>; keys: string[] }[]
) {
  await shop.admin.post('/admin/api/commodity/save', {
    category_id: 1,
    name,
    description: 'x',
    cover: '/favicon.ico',
    factory_price: '0',
    price: '5.00',
    user_price: '4.00',
    status: 1,
    api_status: 1,
    delivery_way: 0,
    delivery_auto_mode: 0,
    contact_type: 0,
    password_status: 0,
    sort: 0,
    coupon: 0,
    config
  })
  const [[id = '', code = ''] = []] = await shop.sql(`SELECT id, code FROM acg_commodity WHERE name = '${name}'`)
  for (const { race = '', sku = {}, keys } of cards) {
    const answer = await shop.admin.post('/admin/api/card/save', {
      commodity_id: id,
      race,
      race_get_mode: 0,
      card_type: 0,
      unique: 0,
      secret: keys.join('\n'),
      sku
    })
    if (answer.code !== 200) throw new Error(JSON.stringify(answer))
  }
  return { id, code }
}

const reference = (): string => `${100 + Math.floor(Math.random() * 900)}${randomBytes(6).readUIntBE(0, 6).toString().padStart(15, '0').slice(0, 15)}`

const wish = (productCode: string, more: Partial<PlaceRequest> = {}): PlaceRequest => ({
  reference: reference(),
  productCode,
  quantity: 1,
  maxUnitCost: 1_000_000n,
  currency: 'CNY',
  input: null,
  notifyUrl: null,
  ...more
})

const secretsOf = (result: PlaceResult): string[] => ('cards' in result ? result.cards.map(({ secret }) => secret) : [])

export async function buyFromShop(t: Test, world: World): Promise<void> {
  const { shop, proxy } = world
  const plain = await stockGoods(world, 'Plain goods', '', [{ keys: keysOf('SHOP-PLAIN', 20) }])
  const raced = await stockGoods(world, 'Raced goods', `[category]\n${MONTH}=3.00\n年卡=30.00`, [{ race: MONTH, keys: keysOf('SHOP-MONTH', 5) }])
  const optioned = await stockGoods(world, 'Optioned goods', '[sku]\ncolor.red=0\ncolor.blue=1.50', [
    { sku: { color: 'blue' }, keys: keysOf('SHOP-BLUE', 5) }
  ])
  const buyer = await shop.newCustomer('100.00')
  const [[appKey = ''] = []] = await shop.sql(`SELECT app_key FROM acg_user WHERE id = ${buyer.id}`)
  const http = createTestOutbound({ timeoutMs: 30_000, maxBytes: 1_000_000 })
  t.teardown(http.close)
  proxy.target = shop.base
  const client = acgFaka.connect({ baseUrl: proxy.base, appId: String(buyer.id), appKey }, http)

  t.strictSame(await client.ping(), { ok: true, detail: 'ok' })
  t.strictSame(await client.balance(), { amount: 1_000_000n, currency: 'CNY' })
  const listed = await client.listProducts(null, null)
  t.comment(JSON.stringify(listed, (_, value) => (typeof value === 'bigint' ? String(value) : value)))
  const byCode = new Map(listed?.products.map(each => [each.code, each]))
  t.match(byCode.get(plain.code), { name: 'Plain goods', unitCost: 40_000n, stock: 20, onSale: true })
  t.match(byCode.get(`${raced.code}#${MONTH}`), { unitCost: 30_000n })
  t.match(byCode.get(`${optioned.code}##color=blue`), { unitCost: 55_000n })
  t.equal(await client.checkStock(plain.code, 1), 20)
  t.equal(await client.checkStock(`${raced.code}#${MONTH}`, 1), 5)
  t.equal(await client.checkStock(`${raced.code}#年卡`, 1), 0)
  t.equal(await client.checkStock(`${optioned.code}##color=blue`, 1), 5)
  t.equal(await client.checkStock(`${optioned.code}##color=red`, 1), 0)
  t.match(await client.quote(plain.code, 3), { unitCost: 40_000n })
  t.match(await client.quote(`${raced.code}#${MONTH}`, 2), { unitCost: 30_000n })
  t.match(await client.quote(`${optioned.code}##color=blue`, 2), { unitCost: 55_000n })

  const bought = await client.place(wish(plain.code, { quantity: 3 }))
  t.match(
    bought,
    { kind: 'fulfilled', unitCost: 40_000n },
    JSON.stringify(bought, (_, value) => String(value))
  )
  t.strictSame(secretsOf(bought), ['SHOP-PLAIN-0000', 'SHOP-PLAIN-0001', 'SHOP-PLAIN-0002'])
  t.strictSame(secretsOf(await client.place(wish(`${raced.code}#${MONTH}`))), ['SHOP-MONTH-0000'])
  t.strictSame(secretsOf(await client.place(wish(`${optioned.code}##color=blue`))), ['SHOP-BLUE-0000'])
  t.equal(await buyer.balance(), '79.50')
  const upstreamId = 'upstreamId' in bought ? bought.upstreamId : null
  t.match(await client.query({ reference: '', upstreamId }), { kind: 'fulfilled', cards: [{ secret: 'SHOP-PLAIN-0000' }] })
  t.match(await client.query({ reference: '', upstreamId: '123456789012345678' }), { kind: 'unknown' })

  t.match(await client.place(wish(plain.code, { maxUnitCost: 39_999n })), { kind: 'refused', refusal: 'price_exceeded' })
  t.match(await client.place(wish(plain.code, { quantity: 18 })), { kind: 'refused', refusal: 'out_of_stock' })
  t.match(await client.place(wish(`${raced.code}#年卡`)), { kind: 'refused', refusal: 'out_of_stock' })
  t.match(await client.place(wish('NOSUCHGOODS')), { kind: 'refused', refusal: 'product_unavailable' })
  t.match(await client.place(wish(`${raced.code}#周卡`)), { kind: 'refused', refusal: 'invalid_request' })
  t.equal(await buyer.balance(), '79.50')
  await losesAnswers(t, world, { client, code: plain.code, balance: buyer.balance })
  await buysThroughOrders(t, world, { appId: String(buyer.id), appKey, code: plain.code })
}

interface Buying {
  readonly client: SupplierClient
  readonly code: string
  readonly balance: () => Promise<string>
}

/** The shop has sold, and we do not hear of it: unknown, and the same number again buys nothing. */
async function losesAnswers(t: Test, { proxy }: World, { client, code, balance }: Buying): Promise<void> {
  const order = wish(code)
  proxy.lose = { path: /trade/, left: 1 }
  t.match(await client.place(order), { kind: 'unknown' })
  t.equal(await balance(), '75.50', 'it was sold')
  t.match(await client.query({ reference: order.reference, upstreamId: null }), { kind: 'unknown' })
  t.match(await client.place({ ...order, again: true }), { kind: 'unknown' })
  t.equal(await balance(), '75.50', 'and is not sold again')
  const others = await Promise.all(Array.from({ length: 6 }, () => client.place(wish(code))))
  t.equal(new Set(others.flatMap(secretsOf)).size, 6, 'purchases at once are made one by one, and all succeed')
  t.equal(await balance(), '51.50')
}

/** The whole way: an order here, bought there. */
async function buysThroughOrders(t: Test, { hub, proxy }: World, config: { appId: string; appKey: string; code: string }): Promise<void> {
  const { admin } = hub
  const { code, ...credentials } = config
  const supplier = await expectStatus(
    201,
    admin('POST', '/v1/admin/suppliers', { body: { name: 'Shop', adapter: 'acg-faka', config: { baseUrl: proxy.base, ...credentials } } })
  )
  const product = await expectStatus(201, admin('POST', '/v1/admin/products', { body: { name: 'Bought', category: 'c', kind: 'card' } }))
  const sku = await expectStatus(
    201,
    admin('POST', '/v1/admin/skus', { body: { productId: product.id, code: 'BOUGHT', name: 'B', price: cny('9.00') } })
  )
  const source = { supplierId: supplier.id, productCode: code, unitCost: cny('4.00'), priority: 1, enabled: true }
  await expectStatus(200, admin('PUT', `/v1/admin/skus/${sku.id}/sources`, { body: [source] }))
  const reseller = await createReseller(hub, { credit: '90.00' })
  const order: Json = await expectStatus(202, reseller.call('POST', '/v1/orders', { body: { skuId: sku.id, quantity: 2 } }))
  const done = await eventually('it is delivered', async () => {
    const { body } = await reseller.call('GET', `/v1/orders/${order.id}`)
    return body.state === 'fulfilled' && body
  })
  t.equal(done.state, 'fulfilled')
  const { body } = await reseller.call('GET', `/v1/orders/${order.id}/cards`)
  t.match(JSON.stringify(body), /SHOP-PLAIN-\d{4}.*SHOP-PLAIN-\d{4}/)
}
