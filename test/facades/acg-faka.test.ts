import t, { type Test } from 'tap'
import { parseForm, signForm } from '../../src/facades/acg-faka/form.ts'
import { acgFaka } from '../../src/suppliers/adapters/acg-faka/index.ts'
import { type Json, startTestApp } from '../support/app.ts'
import { createTestOutbound } from '../support/outbound.ts'
import { cny, createReseller, createSku, expectStatus, importKeys } from '../support/shop.ts'
import { envelopeOf, type Fields, issue, openShop, type RawAnswer, requestNo, type SendForm, toForm } from './acg-shop.ts'

const hub = await startTestApp(t)
const BASE = '/facades/acg-faka/shared/'
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

async function raw(request: {
  method?: string
  url: string
  headers?: Fields
  payload?: string | Buffer
  remoteAddress?: string
}): Promise<RawAnswer> {
  const { method = 'POST', ...rest } = request
  const response = await hub.app.inject({ method: method as 'POST', headers: FORM, ...rest })
  return { status: response.statusCode, type: String(response.headers['content-type']), text: response.body }
}

const send: SendForm = (path, payload) => raw({ url: `${BASE}${path}`, payload })

/** A shop of a reseller of its own. */
async function newShop(options: { credit?: string; tier?: string; credential?: object } = {}) {
  const reseller = await createReseller(hub, { credit: options.credit ?? '100.00', ...(options.tier === undefined ? {} : { tier: options.tier }) })
  const credential = await issue(hub.admin, reseller.id, options.credential)
  return { reseller, credential, ...openShop(send, credential) }
}

interface SkuPlan {
  readonly name: string
  readonly price: string
  readonly keys?: readonly string[]
  readonly kind?: object
  readonly more?: object
}

async function newProduct(
  name: string,
  skus: readonly SkuPlan[],
  product: object = {}
): Promise<{ code: string; skuIds: string[]; skuCodes: string[] }> {
  const { id } = await expectStatus(201, hub.admin('POST', '/v1/admin/products', { body: { name, category: 'games', kind: 'card', ...product } }))
  const skuIds: string[] = []
  const skuCodes: string[] = []
  for (const plan of skus) {
    const body = { productId: id, code: `C-${requestNo()}`, name: plan.name, price: cny(plan.price), ...plan.more }
    const sku = await expectStatus(201, hub.admin('POST', '/v1/admin/skus', { body }))
    if (plan.keys !== undefined) await importKeys(hub, sku.id, plan.keys)
    if (plan.kind !== undefined) await expectStatus(200, hub.admin('PUT', `/v1/admin/skus/${sku.id}/kind`, { body: plan.kind }))
    skuIds.push(sku.id)
    skuCodes.push(body.code)
  }
  return { code: id, skuIds, skuCodes }
}

const balanceOf = async ({ call }: { call: (typeof hub)['admin'] }): Promise<string> =>
  (await expectStatus(200, call('GET', '/v1/wallet'))).available.amount

t.test('signatures are those of the protocol', async t => {
  const KEY = 'A1B2C3D4E5F60718'
  const signed = (fields: Fields): string => signForm(parseForm(new URLSearchParams(fields).toString()) ?? { entries: [] }, KEY)
  t.equal(signed({ app_key: KEY, app_id: '1000' }), 'b0e09e272ed5dfd624b8cd7fe200d454')
  t.equal(signed({ app_id: '1000', sign: 'whatever' }), '1c4f89eb7d690dfa1987e5b88c42a544')
  const trade = { contact: 'a b+c%20&=中文', device: '0', num: '5', password: '', race: '月卡', request_no: '333261123090528793' }
  t.equal(signed({ ...trade, shared_code: 'RACE000000000002', app_id: '1000', app_key: KEY, card_id: '0' }), '40bb875896474f9222ac73ef809f4e36')
  const sku = { app_id: '1000', app_key: KEY, card_id: '0', code: 'SKU0000000000003', num: '1', race: '', 'sku[颜色]': '蓝', 'sku[尺寸]': 'L' }
  t.equal(signed(sku), '7dd9b2b70f74e22e30a1d1b20c64d5e7')
  t.not(signed({ ...sku, 'sku[颜色]': 'L', 'sku[尺寸]': '蓝' }), '7dd9b2b70f74e22e30a1d1b20c64d5e7')
})

t.test('a shop connects, lists, imports and sells', async t => {
  const goods = await newProduct('Steam <b>50</b>', [{ name: 'only', price: '9.50', keys: ['K-1', 'K-2', 'K-3', 'K-4'] }], {
    description: 'a<script>b'
  })
  const shop = await newShop()
  t.strictSame(await shop.ask('authentication/connect'), { code: 200, msg: 'success', data: { shopName: 'kahub', balance: 100 } })

  const tree: Json[] = await shop.get('commodity/items')
  const listed = tree.flatMap(category => category.children).find((each: Json) => each.code === goods.code)
  t.match(listed, {
    name: 'Steam ＜b＞50＜/b＞',
    price: '9.50',
    user_price: '9.50',
    stock: 4,
    draft_status: 0,
    seckill_status: 0,
    minimum: 1,
    config: ''
  })
  t.ok(Number.isInteger(listed.id) && listed.id > 0 && listed.id < 2 ** 32)
  t.equal(listed.factory_price, '0.00', 'no cost of ours')

  const item = await shop.get('commodity/item', { code: goods.code })
  for (const name of ['draft_status', 'seckill_status', 'minimum', 'maximum', 'contact_type', 'price', 'user_price', 'stock'])
    t.ok(name in item, name)
  t.strictSame([item.config, item.widget, item.tags], [[], null, []])
  t.equal(item.description, 'a&lt;script&gt;b')

  t.strictSame(await shop.get('commodity/stock', { code: goods.code }), { stock: '4' })
  t.strictSame(await shop.get('commodity/valuation', { code: goods.code, num: '2', race: '', card_id: '0' }), { price: '19.00' })
  t.strictSame(await shop.get('commodity/inventoryState', { shared_code: goods.code, card_id: '0', num: '4', race: '' }), [])
  t.equal(await shop.refused('commodity/inventoryState', { shared_code: goods.code, card_id: '0', num: '5', race: '' }), '库存不足')
  t.match(await shop.get('commodity/inventory', { sharedCode: goods.code, race: '' }), {
    count: 4,
    is_category: false,
    price: '9.50',
    factory_price: 0
  })
  t.strictSame(await shop.get('commodity/draftCard', { code: goods.code, page: '1', limit: '10' }), { list: [], total: 0 })

  const { code, data } = await shop.trade({ shared_code: goods.code, num: '3' })
  t.equal(code, 200)
  t.strictSame(data.secret, 'K-1\nK-2\nK-3')
  t.match(data, { amount: 28.5, tradeNo: /^\d{18}$/, stock: '1', leave_message: null })
  t.strictSame(await shop.get('commodity/query', { tradeNo: data.tradeNo }), { secret: 'K-1\nK-2\nK-3', widget: null, status: 1 })
  const stranger = await newShop()
  t.equal(await stranger.refused('commodity/query', { tradeNo: data.tradeNo }), '订单不存在')
  t.equal(await balanceOf(shop.reseller), '71.50')
  const reveals = await expectStatus(200, hub.admin('GET', `/v1/admin/reveals?limit=100`))
  const mine = reveals.data.filter((each: Json) => each.apiKeyId === shop.credential.id)
  t.equal(mine.length, 6, 'each time that a card was shown is in the reveal log, under the credential')
})

t.test('a number buys once, whatever is asked again, and never for another reseller', async t => {
  const goods = await newProduct('Once', [{ name: 'only', price: '1.00', keys: ['O-1', 'O-2', 'O-3'] }])
  const shop = await newShop({ credit: '3.00' })
  const number = requestNo()
  const fields = { shared_code: goods.code, num: '1', request_no: number, contact: 'first' }
  const first = await shop.trade(fields)
  t.equal(first.data.secret, 'O-1')
  const twins = await Promise.all(Array.from({ length: 8 }, (_, n) => shop.trade({ ...fields, contact: `again${n}`, device: '1' })))
  for (const twin of twins) t.strictSame({ ...twin.data, stock: '' }, { ...first.data, stock: '' })
  t.strictSame(await shop.trade({ ...fields, num: '2' }), { code: 0, msg: 'The request ID already exists' })
  await expectStatus(200, hub.admin('POST', `/v1/admin/products/${goods.code}/pause`))
  t.equal((await shop.trade(fields)).data.secret, 'O-1', 'also when the goods are gone')
  await expectStatus(200, hub.admin('POST', `/v1/admin/products/${goods.code}/resume`))
  t.equal(await balanceOf(shop.reseller), '2.00')
  const other = await newShop({ credit: '5.00' })
  t.equal((await other.trade(fields)).data.secret, 'O-2', 'the same number of another reseller is another order')
  t.equal((await shop.trade({ ...fields, request_no: '' })).code, 0, 'without a number nothing is sold')

  const fresh = requestNo()
  const crowd = await Promise.all(Array.from({ length: 12 }, () => shop.trade({ ...fields, request_no: fresh })))
  t.same(new Set(crowd.map(each => each.data?.secret)), new Set(['O-3']))
  t.equal(await balanceOf(shop.reseller), '1.00')
  const found = await expectStatus(200, shop.reseller.call('GET', `/v1/orders?reference=${fresh}`))
  t.equal(found.data.length, 1, 'the order is found by the number of the shop')
})

t.test('races and options are SKUs, at the prices that they have', async t => {
  const races = await newProduct('Card', [
    { name: '月卡', price: '10.00', keys: ['M-1', 'M-2'] },
    { name: '年卡=VIP.', price: '99.00', keys: ['Y-1'] }
  ])
  const shop = await newShop({ credit: '500.00', tier: 'gold' })
  const prices = [
    { minQuantity: 2, unitPrice: cny('8.00') },
    { tier: 'gold', unitPrice: cny('9.00') },
    { tier: 'gold', minQuantity: 2, unitPrice: cny('7.5001') }
  ]
  await expectStatus(200, hub.admin('PUT', `/v1/admin/skus/${races.skuIds[0]}/prices`, { body: prices }))
  const item = await shop.get('commodity/item', { code: races.code })
  t.strictSame(item.config, { category: { 月卡: '9.00', '年卡＝VIP．': '99.00' }, category_wholesale: { 月卡: { 2: '7.51' } } })
  t.equal(item.price, '9.00')
  const race = { code: races.code, num: '1', race: '月卡', card_id: '0' }
  t.strictSame(await shop.get('commodity/valuation', race), { price: '9.00' })
  t.strictSame(await shop.get('commodity/valuation', { ...race, num: '2' }), { price: '15.01' })
  t.strictSame(await shop.get('commodity/valuation', { ...race, race: '' }), { price: '9.00' })
  t.strictSame(await shop.get('commodity/stock', { code: races.code }), { stock: '3' })
  t.strictSame(await shop.get('commodity/stock', { code: races.code, race: '年卡＝VIP．' }), { stock: '1' })
  t.equal(await shop.refused('commodity/valuation', { ...race, race: '周卡' }), '此商品类型不存在[周卡]')
  t.match(await shop.trade({ shared_code: races.code }), { code: 0, msg: '请选择商品类型' })
  t.match(await shop.trade({ shared_code: races.code, race: '周卡' }), { code: 0, msg: '此商品类型不存在[周卡]' })
  t.match(await shop.trade({ shared_code: races.code, race: '年卡＝VIP．' }), { code: 200, data: { secret: 'Y-1', amount: 99 } })
  t.match(await shop.trade({ shared_code: races.code, race: '月卡', num: '2' }), { code: 200, data: { secret: 'M-1\nM-2', amount: 15.0002 } })

  const kinds = ['红', '蓝'].flatMap((colour, x) =>
    ['S', 'L'].map((size, y) => ({
      name: `${colour}${size}`,
      price: `${5 + x + 2 * y}.00`,
      keys: [`${colour}${size}`],
      kind: { race: '', options: { 颜色: colour, 尺寸: size } }
    }))
  )
  const options = await newProduct('Shirt', kinds)
  const shirt = await shop.get('commodity/item', { code: options.code })
  t.strictSame(shirt.config, { sku: { 尺寸: { S: '0.00', L: '2.00' }, 颜色: { 红: '0.00', 蓝: '1.00' } } })
  const tree: Json[] = await shop.get('commodity/items')
  const listed = tree.flatMap(category => category.children).find((each: Json) => each.code === options.code)
  t.equal(listed.config, '[sku]\n尺寸.S=0.00\n尺寸.L=2.00\n颜色.红=0.00\n颜色.蓝=1.00')
  const chosen = { shared_code: options.code, 'sku[颜色]': '蓝', 'sku[尺寸]': 'L' }
  t.match(await shop.trade({ ...chosen, 'sku[尺寸]': '' }), { code: 0, msg: '请选择尺寸' })
  t.match(await shop.trade({ ...chosen, 'sku[尺寸]': 'XL' }), { code: 0, msg: '尺寸选择错误' })
  t.strictSame(await shop.get('commodity/valuation', { code: options.code, num: '1', card_id: '0', 'sku[颜色]': '蓝', 'sku[尺寸]': 'L' }), {
    price: '8.00'
  })
  t.match(await shop.trade(chosen), { code: 200, data: { secret: '蓝L', amount: 8 } })
  await expectStatus(200, hub.admin('PATCH', `/v1/admin/skus/${options.skuIds[0]}`, { body: { price: cny('1.00') } }))
  const { config } = await shop.get('commodity/item', { code: options.code })
  t.strictSame(config.category, { 'S 红': '1.00', 'L 红': '7.00', 'S 蓝': '6.00', 'L 蓝': '8.00' }, 'prices that do not add up are shown one by one')
})

t.test('the goods are found by product, SKU, code and number', async t => {
  const goods = await newProduct('Names', [
    { name: 'a', price: '1.00', keys: ['NA-1', 'NA-2'] },
    { name: 'b', price: '2.00', keys: ['NB-1'] }
  ])
  const shop = await newShop()
  const { id } = await shop.get('commodity/item', { code: goods.code })
  t.equal((await shop.get('commodity/item', { code: String(id) })).code, goods.code)
  t.match(await shop.trade({ shared_code: goods.skuIds[1] ?? '' }), { code: 200, data: { secret: 'NB-1' } })
  t.match(await shop.trade({ shared_code: goods.skuCodes[0] ?? '' }), { code: 200, data: { secret: 'NA-1' } })
  t.match(await shop.trade({ shared_code: `${id}`, race: 'a' }), { code: 200, data: { secret: 'NA-2' } })
})

t.test('what is refused says so in the words of the protocol, and costs nothing', async t => {
  const goods = await newProduct('Refused', [
    { name: 'only', price: '10.00', keys: ['R-1', 'R-2', 'R-3', 'R-4'], more: { minQuantity: 2, maxQuantity: 3 } }
  ])
  const shop = await newShop({ credit: '25.00' })
  const words = async (fields: Fields): Promise<unknown> => {
    const answer = await shop.trade({ shared_code: goods.code, num: '2', ...fields })
    t.strictSame(Object.keys(answer), ['code', 'msg'])
    return answer.msg
  }
  t.equal(await words({ num: '1' }), '本商品最少购买2个')
  t.equal(await words({ num: '4' }), '本商品单次最多购买3个')
  for (const num of ['0', '-1', 'x', '', '1.5', '99999999999']) t.equal(await words({ num }), '至少购买1个')
  t.equal(await words({ num: '3' }), '余额不足')
  t.equal(await words({ shared_code: 'nothing' }), '商品不存在')
  t.equal(await words({ card_id: '7' }), '预选的宝贝不存在')
  await expectStatus(200, hub.admin('POST', `/v1/admin/skus/${goods.skuIds[0]}/pause`))
  t.equal(await words({}), '当前商品已停售')
  await expectStatus(200, hub.admin('POST', `/v1/admin/skus/${goods.skuIds[0]}/resume`))
  t.equal(await balanceOf(shop.reseller), '25.00')
  t.match(await shop.trade({ shared_code: goods.code, num: '2' }), { code: 200, data: { secret: 'R-1\nR-2' } })

  const empty = await newProduct('Empty', [{ name: 'only', price: '1.00', keys: ['E-1'] }])
  const buyers = await Promise.all(Array.from({ length: 10 }, () => shop.trade({ shared_code: empty.code })))
  t.equal(buyers.filter(each => each.code === 200).length, 1)
  for (const each of buyers) if (each.code !== 200) t.strictSame(each, { code: 0, msg: '库存不足' })
})

t.test('what must be bought first is sold out for a shop that could not get it later, unless the operator allows it', async t => {
  const goods = await newProduct('Sourced', [{ name: 'only', price: '2.00', keys: ['S-1'] }])
  const supplier = await expectStatus(
    201,
    hub.admin('POST', '/v1/admin/suppliers', {
      body: { name: 'far', adapter: 'kahub', config: { baseUrl: 'http://127.0.0.1:9', apiKey: 'kh_live_x', webhookSecret: 'whsec_AAAA' } }
    })
  )
  const sources = [{ supplierId: supplier.id, productCode: 'x', unitCost: cny('1.00'), priority: 1, enabled: true }]
  await expectStatus(200, hub.admin('PUT', `/v1/admin/skus/${goods.skuIds[0]}/sources`, { body: sources }))
  const careful = await newShop({ credit: '10.00' })
  t.match(await careful.trade({ shared_code: goods.code, num: '2' }), { code: 0, msg: '库存不足' })
  const patient = await newShop({ credit: '10.00', credential: { allowWaiting: true } })
  const number = requestNo()
  const waiting = await patient.trade({ shared_code: goods.code, num: '2', request_no: number })
  t.match(waiting, { code: 200, data: { secret: '正在发货中，请耐心等待，如有疑问，请联系客服。' } })
  t.match(await patient.get('commodity/query', { tradeNo: waiting.data.tradeNo }), { secret: /^正在发货中/, status: 1 })
  const { data } = await expectStatus(200, patient.reseller.call('GET', `/v1/orders?reference=${number}`))
  await expectStatus(200, patient.reseller.call('POST', `/v1/orders/${data[0].id}/cancel`))
  t.match(
    await patient.trade({ shared_code: goods.code, num: '2', request_no: number }),
    { code: 0, msg: '库存不足' },
    'an order that ended without cards is no success'
  )
  t.equal(await balanceOf(patient.reseller), '10.00')
  t.match(await careful.trade({ shared_code: goods.code, num: '1' }), { code: 200, data: { secret: 'S-1' } })
})

t.test('credentials are rotated with an overlap, revoked, capped, paused and bound to addresses', async t => {
  const goods = await newProduct('Keys', [{ name: 'only', price: '1.00', keys: ['C-1', 'C-2', 'C-3'] }])
  const shop = await newShop({ credential: { dailySpendCap: cny('1.50') } })
  const path = `/v1/admin/facade-credentials/${shop.credential.id}`
  const rotated = await expectStatus(201, hub.admin('POST', `${path}/rotate`, { body: { overlapSeconds: 3600 } }))
  t.equal(rotated.login, shop.credential.login)
  t.not(rotated.secret, shop.credential.secret)
  const renewed = openShop(send, rotated)
  for (const each of [shop, renewed]) t.equal((await each.ask('authentication/connect')).code, 200)
  await expectStatus(201, hub.admin('POST', `${path}/rotate`, { body: { overlapSeconds: 0 } }))
  t.equal(await renewed.refused('authentication/connect'), '密钥错误')
  t.equal((await shop.ask('authentication/connect')).msg, '密钥错误')

  const capped = openShop(send, await expectStatus(201, hub.admin('POST', `${path}/rotate`)))
  t.equal((await capped.trade({ shared_code: goods.code })).code, 200)
  t.match(await capped.trade({ shared_code: goods.code }), { code: 0, msg: '余额不足' }, 'the daily cap of the credential')
  await expectStatus(200, hub.admin('POST', `/v1/admin/resellers/${shop.reseller.id}/pause`))
  t.equal(await capped.refused('authentication/connect'), 'You have been banned')
  await expectStatus(200, hub.admin('POST', `/v1/admin/resellers/${shop.reseller.id}/resume`))
  t.equal((await capped.ask('authentication/connect')).code, 200)
  const listed = await expectStatus(200, hub.admin('GET', `/v1/admin/resellers/${shop.reseller.id}/facade-credentials`))
  t.match(listed.data, [{ id: shop.credential.id, revokedAt: null }])
  t.notMatch(JSON.stringify(listed), /secret/)
  await expectStatus(204, hub.admin('DELETE', path))
  await expectStatus(204, hub.admin('DELETE', path))
  t.equal(await capped.refused('authentication/connect'), '商户ID不存在')
  await expectStatus(409, hub.admin('POST', `${path}/rotate`))

  const local = await newShop({ credential: { ipAllow: ['203.0.113.0/24'] } })
  const body = toForm(local.credential, {})
  const from = (remoteAddress: string) => raw({ url: `${BASE}authentication/connect`, payload: body, remoteAddress })
  t.equal(envelopeOf(await from('203.0.113.9')).code, 200)
  t.match(envelopeOf(await from('198.51.100.1')), { code: 0, msg: /^密钥错误/ })
})

const BAD_VALUES = [
  '',
  '\0',
  'a\0b',
  '\ufffd',
  '\ud800',
  'x'.repeat(5_000),
  "' OR 1=1--",
  '../../etc/passwd',
  '<script>',
  '中文 emoji 😀',
  '-1',
  '1e9',
  '[]',
  '{}'
]
const NAMES = [
  'code',
  'shared_code',
  'sharedCode',
  'num',
  'race',
  'sku',
  'sku[颜色]',
  'sku[]',
  'sku[a][b]',
  'request_no',
  'card_id',
  'tradeNo',
  'contact',
  '__proto__',
  'constructor'
]

t.test('whatever is sent, the answer is HTTP 200 and JSON', async t => {
  const shop = await newShop()
  const paths = [
    'authentication/connect',
    'commodity/items',
    'commodity/item',
    'commodity/stock',
    'commodity/valuation',
    'commodity/trade',
    'commodity/query'
  ]
  const more = ['commodity/draftCard', 'commodity/draft', 'commodity/inventory', 'commodity/inventoryState']
  for (const path of [...paths, ...more]) await badForms(t, shop, path)
  const signed = toForm(shop.credential, {})
  const url = `${BASE}authentication/connect`
  const requests: Parameters<typeof raw>[0][] = [
    { url, payload: signed, headers: { 'content-type': 'application/json' } },
    { url, payload: JSON.stringify({ app_id: shop.credential.login }), headers: { 'content-type': 'application/json' } },
    { url, payload: signed, headers: { 'content-type': 'multipart/form-data; boundary=x' } },
    { url, payload: signed, headers: { 'content-type': 'multipart/form-data' } },
    { url, payload: signed, headers: {} },
    { url, payload: signed, headers: { ...FORM, 'content-encoding': 'gzip' } },
    { url, payload: Buffer.from([0x61, 0x3d, 0xff, 0xfe]) },
    { url, payload: '%' },
    { url, payload: '%ff=%00&&&=&a' },
    { url, payload: Array.from({ length: 1_001 }, (_, n) => `f${n}=1`).join('&') },
    { url, payload: 'a='.padEnd(1_100_000, 'x') },
    { url, payload: signed.replace(/sign=.{8}/, 'sign=00000000') },
    { url, payload: signed.replace(/sign=[^&]+/, '') },
    { url, payload: `${signed}&extra=1` },
    { url },
    { url, method: 'GET' },
    { url, method: 'PUT', payload: signed },
    { url: `${BASE}nothing/here`, payload: signed },
    { url: '/facades/acg-faka/', method: 'GET' }
  ]
  for (const request of requests) t.match(envelopeOf(await raw(request)), { code: 0, msg: /./ }, JSON.stringify(request).slice(0, 300))
  t.equal((await raw({ url: '/facades/other/shared/x', payload: signed })).status, 404)
})

async function badForms(t: Test, { ask }: Pick<ReturnType<typeof openShop>, 'ask'>, path: string): Promise<void> {
  const faults: string[] = []
  // A third of all, another one for each path.
  const forms = NAMES.flatMap((name, row) =>
    BAD_VALUES.filter((_, column) => (row + column + path.length) % 3 === 0).map(value => ({
      code: 'x',
      shared_code: 'x',
      sharedCode: 'x',
      num: '1',
      request_no: 'r',
      [name]: value
    }))
  )
  for (const form of forms) {
    const answer = await ask(path, form).catch((error: Error) => ({ code: -1, msg: error.message }))
    if (![0, 200].includes(answer.code) || /node|\.ts|SELECT|Error|undefined|kahub/.test(String(answer.msg)))
      faults.push(`${JSON.stringify(form).slice(0, 200)}: ${answer.msg}`)
  }
  t.same(faults.slice(0, 3), [], path)
}

t.test('one kahub buys from another by way of this protocol', async t => {
  const keys = Array.from({ length: 5 }, (_, n) => `FAR-KEY-00${n}`)
  const skuId = await createSku(hub, { price: '5.00', keys })
  const goods = await newProduct(
    'Far',
    [
      { name: '月卡', price: '5.00', keys },
      { name: '年卡', price: '50.00', keys: ['FAR-YEAR-1'] }
    ].map((plan, n) => (n === 0 ? { ...plan, keys: keys.map(key => `M-${key}`) } : plan))
  )
  const reseller = await createReseller(hub, { credit: '70.00' })
  const credential = await issue(hub.admin, reseller.id)
  const address = await hub.app.listen({ port: 0, host: '127.0.0.1' })
  const http = createTestOutbound({ timeoutMs: 10_000, maxBytes: 3_000_000 })
  t.teardown(() => http.close())
  const config = { baseUrl: `${address}/facades/acg-faka`, appId: credential.login, appKey: credential.secret }
  const client = acgFaka.connect(config, http)
  const order = { productCode: skuId, quantity: 2, maxUnitCost: 50_000n, currency: 'CNY', input: null, notifyUrl: null, reference: 'a1b2c3d4e5f6' }
  t.match(await client.ping(), { ok: true })
  t.same(await client.balance(), { amount: 700_000n, currency: 'CNY' })
  const { products = [] } = (await client.listProducts(null, null)) ?? {}
  t.ok(products.some(each => each.code === `${goods.code}#月卡` && each.unitCost === 50_000n))
  t.equal(await client.checkStock(skuId, 1), 5)
  t.match(await client.quote(`${goods.code}#年卡`, 1), { unitCost: 500_000n })
  const placed = await client.place(order)
  t.match(placed, { kind: 'fulfilled', cards: [{ secret: 'FAR-KEY-000' }, { secret: 'FAR-KEY-001' }], unitCost: 50_000n })
  t.same(await client.place(order), placed, 'the same reference is the same order')
  t.match(await client.query({ reference: order.reference, upstreamId: placed.kind === 'fulfilled' ? placed.upstreamId : null }), {
    kind: 'fulfilled'
  })
  t.match(await client.place({ ...order, productCode: `${goods.code}#年卡`, quantity: 1, reference: 'b1', maxUnitCost: 500_000n }), {
    kind: 'fulfilled',
    cards: [{ secret: 'FAR-YEAR-1' }]
  })
  t.match(await client.place({ ...order, reference: 'b2', maxUnitCost: 49_999n }), { kind: 'refused', refusal: 'price_exceeded' })
  t.match(await client.place({ ...order, reference: 'b3', quantity: 3 }), { kind: 'refused', refusal: 'no_funds' })
  t.match(await client.place({ ...order, reference: 'b4', productCode: 'nothing' }), { kind: 'refused', refusal: 'product_unavailable' })
  const thief = acgFaka.connect({ ...config, appKey: 'F'.repeat(32) }, http)
  t.match(await thief.place({ ...order, reference: 'b5' }), { kind: 'refused', refusal: 'auth' })
})
