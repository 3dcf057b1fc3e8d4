/** Dujiao-Next upstream v1: found by its own number only; the same number again gives the same order. */
import { randomBytes } from 'node:crypto'
import { formatAmount } from '../../../kit/money.ts'
import { sign } from '../../adapters/dujiao-next/client.ts'
import {
  type Callback,
  type CallbackVariant,
  type Desk,
  json,
  readBody,
  type SimProtocol,
  type SimReply,
  type SimRequest,
  textOf
} from '../protocol.ts'
import type { Sale, SaleRefusal, SimProduct } from '../shop.ts'

const REFUSALS: Readonly<Record<SaleRefusal, readonly [number, string]>> = {
  no_product: [400, 'sku_unavailable'],
  out_of_stock: [409, 'insufficient_stock'],
  price: [400, 'bad_request'],
  no_funds: [200, 'payment_failed']
}
const STATES = { pending: 'paid', done: 'completed', failed: 'canceled', cancelled: 'canceled' } as const
const CLOCK_SKEW_MAX_S = 60
const BASE = '/api/v1/upstream'

const refuse = ([status, code]: readonly [number, string]): SimReply => json({ ok: false, error_code: code, error_message: code }, status)

const toProduct = ({ code, name, price, stock, onSale }: SimProduct): object => ({
  id: Number(code),
  title: { 'zh-CN': name, en: name },
  price_amount: formatAmount(price),
  fulfillment_type: 'auto',
  is_active: onSale,
  skus: [{ id: Number(code), sku_code: 'DEFAULT', price_amount: formatAmount(price), stock_quantity: stock, is_active: onSale }]
})

const toOrder = (sale: Sale): object => ({
  ok: true,
  order_id: Number(sale.upstreamId),
  order_no: `DJ${sale.upstreamId}`,
  status: STATES[sale.state],
  amount: formatAmount(sale.unitPrice * BigInt(sale.quantity)),
  currency: 'CNY',
  items: [{ sku_id: Number(sale.product.code), quantity: sale.quantity, unit_price: formatAmount(sale.unitPrice) }],
  ...(sale.state === 'done' ? { fulfillment: { type: 'auto', status: 'delivered', payload: sale.cards.map(card => card.secret).join('\n') } } : {})
})

function create({ body }: SimRequest, { shop, fault }: Desk): SimReply {
  const fields = readBody(body)
  const result = shop.sell(
    {
      reference: textOf(fields['downstream_order_no']),
      product: textOf(fields['sku_id']),
      quantity: Number(textOf(fields['quantity'])),
      input: fields['manual_form_data'] ?? null,
      notifyUrl: textOf(fields['callback_url']) || null
    },
    fault
  )
  if (result.kind === 'refused') return refuse(REFUSALS[result.why])
  const { upstreamId } = result.sale
  return json({ ok: true, order_id: Number(upstreamId), order_no: `DJ${upstreamId}`, status: 'paid', amount: '0.00', currency: 'CNY' })
}

function cancel(id: string, { shop }: Desk): SimReply {
  const sale = shop.byId(id)
  if (sale === null) return refuse([404, 'order_not_found'])
  return shop.cancel(sale) ? json({ ok: true, order_id: Number(id), status: 'canceled' }) : refuse([409, 'cancel_not_allowed'])
}

function run(request: SimRequest, desk: Desk): SimReply {
  const { shop } = desk
  const [resource = '', id = '', action] = request.path.slice(BASE.length + 1).split('/')
  switch (`${request.method} ${resource}${id === '' ? '' : '/id'}${action === undefined ? '' : `/${action}`}`) {
    case 'POST ping':
      return json({ ok: true, site_name: 'sim', protocol_version: '1.0', user_id: 42, balance: formatAmount(shop.balance), currency: 'CNY' })
    case 'GET products':
      return json({ ok: true, items: [...shop.products.values()].map(toProduct), total: shop.products.size, page: 1, page_size: 100 })
    case 'GET products/id': {
      const product = shop.products.get(id)
      return product === undefined ? refuse([404, 'product_not_found']) : json({ ok: true, product: toProduct(product) })
    }
    case 'POST orders':
      return create(request, desk)
    case 'GET orders/id': {
      const sale = desk.hidden ? null : shop.byId(id)
      return sale === null ? refuse([404, 'order_not_found']) : json(toOrder(sale))
    }
    case 'POST orders/id/cancel':
      return cancel(id, desk)
    default:
      return { status: 404, body: '404 page not found' }
  }
}

function answer(request: SimRequest, desk: Desk): SimReply {
  const { headers, method, path, body } = request
  const time = headers['dujiao-next-timestamp'] ?? ''
  if (headers['dujiao-next-api-key'] !== desk.config['apiKey']) return refuse([401, 'invalid_api_key'])
  if (Math.abs(Date.now() / 1000 - Number(time)) > CLOCK_SKEW_MAX_S) return refuse([401, 'timestamp_expired'])
  const good = headers['dujiao-next-signature'] === sign({ method, path, time, body }, desk.config['apiSecret'] ?? '')
  return good ? run(request, desk) : refuse([401, 'invalid_signature'])
}

function orderCallback(sale: Sale, { config }: Desk, variant: CallbackVariant): Callback | null {
  if (variant === 'tampered') return null
  const path = sale.notifyUrl === null ? `${BASE}/callback` : new URL(sale.notifyUrl).pathname
  const time = String(Math.floor(Date.now() / 1000))
  const body = JSON.stringify({
    event: 'order.status',
    order_id: Number(sale.upstreamId),
    downstream_order_no: sale.reference,
    status: STATES[sale.state]
  })
  const secret = variant === 'forged' ? 'not the secret' : (config['apiSecret'] ?? '')
  const headers = {
    'dujiao-next-api-key': config['apiKey'] ?? '',
    'dujiao-next-timestamp': time,
    'dujiao-next-signature': sign({ method: 'POST', path, time, body }, secret)
  }
  return { headers, query: {}, body }
}

export const dujiaoNextProtocol: SimProtocol = {
  name: 'dujiao-next',
  mint: origin => ({ baseUrl: origin, apiKey: randomBytes(12).toString('hex'), apiSecret: randomBytes(16).toString('hex') }),
  operation: ({ method, path }) =>
    path === `${BASE}/orders` && method === 'POST' ? 'place' : method === 'GET' && path.startsWith(`${BASE}/orders/`) ? 'query' : 'other',
  answer,
  unknownCode: () => refuse([400, 'flux_capacitor']),
  throttled: () => json({ error: 'rate limit' }, 429),
  orderCallback,
  productCallback: () => null
}
