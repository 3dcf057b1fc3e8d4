/** Requests of shops that speak another system's protocol, signed as that protocol wants it, right or nearly so. */
import { createHash } from 'node:crypto'
import { signForm } from '../../src/facades/acg-faka/form.ts'
import { sign as signDujiao } from '../../src/facades/dujiao-next/sign.ts'
import { sign as signGoofish } from '../../src/facades/goofish/sign.ts'
import { sign as signKasushou } from '../../src/facades/kasushou/sign.ts'
import type { Json } from '../support/app.ts'
import { bend, bendJson, bendText } from './bend.ts'
import type { Draw } from './draw.ts'
import type { Outgoing } from './wire.ts'
import { PARTNER, type Scene } from './world.ts'

type Endpoint = readonly [path: string, ...fields: string[]]

const GOODS = ['shared_code', 'num', 'race', 'card_id', 'sku[颜色]', 'sku[]', 'code']
const ACG: readonly Endpoint[] = [
  ['authentication/connect'],
  ['commodity/items'],
  ['commodity/item', ...GOODS],
  ['commodity/stock', ...GOODS],
  ['commodity/valuation', ...GOODS],
  ['commodity/trade', ...GOODS, 'request_no', 'contact', 'device', 'password'],
  ['commodity/trade', ...GOODS, 'request_no'],
  ['commodity/query', 'tradeNo'],
  ['commodity/draftCard', ...GOODS],
  ['commodity/draft', ...GOODS, 'page', 'limit'],
  ['commodity/inventory', 'sharedCode', 'items', ...GOODS],
  ['commodity/inventoryState', ...GOODS],
  ['nothing']
]
const DUJIAO: readonly Endpoint[] = [
  ['POST /ping'],
  ['GET /categories'],
  ['GET /products'],
  ['GET /products/:id'],
  ['POST /orders', 'sku_id', 'quantity', 'downstream_order_no', 'manual_form_data', 'callback_url', 'trace_id'],
  ['POST /orders', 'sku_id', 'quantity', 'downstream_order_no'],
  ['GET /orders/:id'],
  ['POST /orders/:id/cancel']
]
const ORDER = ['goods_no', 'goods_type', 'order_no', 'buy_quantity', 'max_amount', 'notify_url', 'biz_content']
const GOOFISH: readonly Endpoint[] = [
  ['open/info'],
  ['user/info'],
  ['goods/list', 'goods_type', 'keyword', 'page_no', 'page_size'],
  ['goods/detail', 'goods_no', 'goods_type'],
  ['goods/change/subscribe/list', 'page_no'],
  ['goods/change/subscribe', 'goods_no'],
  ['goods/change/unsubscribe', 'goods_no'],
  ['order/purchase/create', ...ORDER],
  ['order/recharge/create', ...ORDER],
  ['order/detail', 'order_no', 'order_type']
]
const KASUSHOU: readonly Endpoint[] = [
  ['user/info'],
  ['goods/cate'],
  ['goods/list', 'page', 'limit', 'keyword'],
  ['goods/info', 'id'],
  ['goods/attach', 'id'],
  ['order/buy', 'id', 'quantity', 'external_orderno', 'safe_price', 'attach', 'url'],
  ['order/info', 'external_orderno', 'ordersn']
]
const OBJECTS = new Set(['manual_form_data', 'biz_content', 'attach'])
const NUMBERS = new Set(['num', 'quantity', 'buy_quantity', 'page', 'limit', 'page_no', 'page_size', 'goods_type'])
/** Names under which goods and orders stand in answers. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  shared_code: ['code', 'shared_code'],
  sku_id: ['sku_id', 'id'],
  request_no: ['request_no']
}

export interface ShopRequest {
  readonly what: string
  readonly outgoing: Outgoing
}

export function drawShopRequest(draw: Draw, scene: Scene): ShopRequest {
  return draw.pick([acgRequest, dujiaoRequest, goofishRequest, kasushouRequest])(draw, scene)
}

function fieldValue(draw: Draw, { pool }: Scene, name: string): Json {
  for (const alias of ALIASES[name] ?? [name]) {
    const known = draw.often(0.75) ? pool.value(draw, alias) : undefined
    if (known !== undefined) return known
  }
  if (OBJECTS.has(name)) return draw.often(0.5) ? {} : { [draw.often(0.5) ? 'account' : draw.text()]: draw.often(0.5) ? '13800138000' : draw.text() }
  if (NUMBERS.has(name)) return draw.pick([1, 1, 1, 2, 0, -1, 1e9, 1.5])
  if (/order|_no$|orderno/.test(name)) {
    const made = `no-${draw.below(1_000)}`
    pool.note({ [name]: made })
    return made
  }
  return draw.pick<() => Json>([() => '', () => 1, () => draw.text(), () => draw.text(), () => 'https://shop.example.com/call', () => '1.00'])()
}

const fieldsFor = (draw: Draw, scene: Scene, names: readonly string[]): Record<string, Json> =>
  Object.fromEntries(names.filter(() => draw.often(0.85)).map(name => [name, fieldValue(draw, scene, name)]))

const seconds = (draw: Draw): string => (draw.often(0.95) ? String(Math.floor(Date.now() / 1_000)) : draw.pick(['0', '', 'x', '99999999999', '-1']))
const post = (path: string, type: string, text: string, headers: readonly (readonly [string, string])[] = []): Outgoing => ({
  method: 'POST',
  path,
  headers: [['host', 'hub.example.com'], ['content-type', type], ...headers],
  body: Buffer.from(text),
  framing: 'length'
})

/** Now and then of another type than the protocol's. */
const mediaType = (draw: Draw, usual: string): string =>
  draw.often(0.97) ? usual : draw.pick(['application/json', 'text/plain', 'multipart/form-data; boundary=x', ''])

function acgRequest(draw: Draw, scene: Scene): ShopRequest {
  const [endpoint, ...names] = draw.pick(ACG)
  const { login = '', secret = '' } = scene.facades['acg-faka'] ?? {}
  const drawn = Object.entries(fieldsFor(draw, scene, names)).map(
    ([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)] as const
  )
  const fields = [['app_id', login], ['app_key', secret], ...drawn].map(([name = '', value = '']) => ({
    name,
    top: name.split('[', 1)[0] ?? '',
    value: value.toWellFormed()
  }))
  const sign = draw.often(0.95) ? signForm({ entries: fields }, secret) : draw.text().toWellFormed()
  const form = new URLSearchParams([...fields.map(({ name, value }): [string, string] => [name, value]), ['sign', sign]])
  const text = draw.often(0.9) ? form.toString() : bendText(draw, form.toString())
  const rest = draw.often(0.03) ? `&a[${'x'.repeat(100)}]=%zz&b=%C0%AF&=&&${'c=1&'.repeat(1_200)}` : ''
  return {
    what: `acg-faka ${endpoint}`,
    outgoing: post(`/facades/acg-faka/shared/${endpoint}`, mediaType(draw, 'application/x-www-form-urlencoded'), text + rest)
  }
}

/** The body of a protocol in JSON: mostly what it should be. */
function jsonText(draw: Draw, fields: Json): string {
  if (draw.often(0.6)) return JSON.stringify(fields)
  return draw.often(0.7) ? (JSON.stringify(bend(draw, fields)) ?? '') : bendJson(draw, JSON.stringify(fields)).slice(0, 100_000)
}

function dujiaoRequest(draw: Draw, scene: Scene): ShopRequest {
  const [endpoint, ...names] = draw.pick(DUJIAO)
  const [method = '', route = ''] = endpoint.split(' ')
  const id = encodeURIComponent(String(fieldValue(draw, scene, draw.pick(['id', 'order_id', 'product_id', 'x']))).toWellFormed()) || '~'
  const own = `/api/v1/upstream${route.replace(':id', id === '.' || id === '..' ? '~' : id)}`
  const { login = '', secret = '' } = scene.facades['dujiao-next'] ?? {}
  const text = method === 'GET' ? '' : jsonText(draw, fieldsFor(draw, scene, names))
  const time = seconds(draw)
  const signature = signDujiao({ method, path: own, time, body: text }, secret)
  const headers = [
    ['dujiao-next-api-key', login],
    ['dujiao-next-timestamp', time],
    ['dujiao-next-signature', draw.often(0.97) ? signature : 'x']
  ] as const
  const query = draw.often(0.3)
    ? `?page=${draw.pick(['1', '0', '-1', '1e9', 'x', '%00'])}&page_size=${draw.pick(['1', '0', '99999999999', ''])}&page=2`
    : ''
  const sent = post(`/facades/dujiao-next${own}${query}`, mediaType(draw, 'application/json'), text, headers)
  return { what: `dujiao-next ${endpoint}`, outgoing: { ...sent, method, ...(method === 'GET' ? { body: null } : {}) } }
}

function goofishRequest(draw: Draw, scene: Scene): ShopRequest {
  const [endpoint, ...names] = draw.pick(GOOFISH)
  const { login: mchId = '', secret = '' } = scene.facades['goofish'] ?? {}
  const body = jsonText(draw, fieldsFor(draw, scene, names))
  const time = seconds(draw)
  const signature = draw.often(0.97) ? signGoofish({ body, time, mchId }, { secret, partner: PARTNER }) : createHash('md5').update(body).digest('hex')
  const query = `mch_id=${mchId}&timestamp=${encodeURIComponent(time)}&sign=${signature}${draw.often(0.03) ? '&sign=x&mch_id=%00' : ''}`
  return { what: `goofish ${endpoint}`, outgoing: post(`/facades/goofish/goofish/${endpoint}?${query}`, mediaType(draw, 'application/json'), body) }
}

function kasushouRequest(draw: Draw, scene: Scene): ShopRequest {
  const [endpoint, ...names] = draw.pick(KASUSHOU)
  const { login = '', secret = '' } = scene.facades['kasushou'] ?? {}
  const body = jsonText(draw, fieldsFor(draw, scene, names))
  const time = draw.often(0.95) ? String(Date.now()) : seconds(draw)
  const signature = signKasushou(time, body === '' ? '{}' : body, secret)
  const headers = [
    ['userid', login],
    ['timestamp', time],
    ['sign', draw.often(0.97) ? signature : 'x']
  ] as const
  return { what: `kasushou ${endpoint}`, outgoing: post(`/facades/kasushou/api/v1/${endpoint}`, mediaType(draw, 'application/json'), body, headers) }
}
