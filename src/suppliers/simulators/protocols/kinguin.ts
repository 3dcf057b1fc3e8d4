/** Kinguin ESA: the buyer names the price, keys are read page by page, webhooks carry one secret that signs nothing. */
import { randomBytes } from 'node:crypto'
import { formatAmount } from '../../../kit/money.ts'
import {
  amountOf,
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
  no_product: [404, 'ProductUnavailable'],
  out_of_stock: [404, 'ProductUnavailable'],
  price: [422, 'OrderFailed'],
  no_funds: [400, 'InsufficientBalance']
}
const STATES = { pending: 'processing', done: 'completed', failed: 'canceled', cancelled: 'canceled' } as const

const refuse = ([status, kind]: readonly [number, string], more: object = {}): SimReply =>
  json({ kind, status, title: kind, detail: kind, ...more }, status)

const toProduct = ({ code, name, price, stock, onSale }: SimProduct): object => ({
  kinguinId: Number(code),
  productId: code,
  name,
  price: Number(formatAmount(price)),
  qty: onSale ? stock : 0
})

const toOrder = (sale: Sale): object => ({
  totalPrice: Number(formatAmount(sale.unitPrice * BigInt(sale.quantity))),
  paymentPrice: formatAmount(sale.unitPrice * BigInt(sale.quantity)),
  status: STATES[sale.state],
  orderId: sale.upstreamId,
  orderExternalId: sale.reference,
  products: [{ productId: sale.product.code, qty: sale.quantity, name: sale.product.name }],
  totalQty: sale.quantity,
  isPreorder: false
})

const toKeys = (sale: Sale): object[] =>
  sale.state === 'done'
    ? sale.cards.map((card, index) => ({ id: String(index), serial: card.secret, type: 'text/plain', productId: sale.product.code }))
    : []

function create({ body }: SimRequest, { shop, fault }: Desk): SimReply {
  const fields = readBody(body)
  const line = readBody(JSON.stringify(Array.isArray(fields['products']) ? fields['products'][0] : null))
  const result = shop.sell(
    {
      reference: textOf(fields['orderExternalId']),
      product: textOf(line['productId']),
      quantity: Number(textOf(line['qty'])),
      maxUnitPrice: amountOf(line['price'])
    },
    fault
  )
  if (result.kind === 'refused') return refuse(REFUSALS[result.why])
  if (result.kind === 'known') return refuse([400, 'ConstraintViolation'], { propertyPath: 'orderExternalId' })
  return json(toOrder(result.sale), 201)
}

function page<T>(rows: readonly T[], { query }: SimRequest): readonly T[] {
  const [number, limit] = [Number(query.get('page') ?? 1), Number(query.get('limit') ?? 25)]
  return rows.slice((number - 1) * limit, number * limit)
}

function readOrder(request: SimRequest, { shop }: Desk, id: string, wantsKeys: boolean): SimReply {
  const sale = shop.byId(id)
  if (sale === null) return refuse([404, 'OrderNotFound'])
  return json(wantsKeys ? page(toKeys(sale), request) : toOrder(sale))
}

function run(request: SimRequest, desk: Desk): SimReply {
  const { shop, hidden } = desk
  const [, version, resource, id, action] = request.path.split('/')
  switch (`${request.method} ${version}/${resource}${id === undefined ? '' : '/id'}${action === undefined ? '' : `/${action}`}`) {
    case 'GET v1/balance':
      return { ...json(null), body: `{"balance":${formatAmount(shop.balance)}}` }
    case 'GET v1/products':
      return json({ results: page([...shop.products.values()], request).map(toProduct), item_count: shop.products.size })
    case 'GET v2/products/id': {
      const product = shop.products.get(id ?? '')
      return product === undefined ? refuse([404, 'ProductUnavailable']) : json(toProduct(product))
    }
    case 'POST v2/order':
      return create(request, desk)
    case 'GET v1/order': {
      const sale = hidden ? null : shop.find(request.query.get('orderExternalId') ?? '')
      return json({ results: sale === null ? [] : [toOrder(sale)], item_count: sale === null ? 0 : 1 })
    }
    case 'GET v1/order/id':
      return readOrder(request, desk, id ?? '', false)
    case 'GET v2/order/id/keys':
      return readOrder(request, desk, id ?? '', true)
    default:
      return refuse([404, 'Http'])
  }
}

/** `tampered` is what anybody can send who saw one callback: the right secret over words of their own. */
function callback(name: string, body: object, { config }: Desk, variant: CallbackVariant): Callback {
  const secret = variant === 'forged' ? 'not the secret' : (config['eventSecret'] ?? '')
  return {
    headers: { 'x-event-name': name, 'x-event-secret': secret },
    query: {},
    body: JSON.stringify({ ...body, updatedAt: new Date().toISOString() })
  }
}

export const kinguinProtocol: SimProtocol = {
  name: 'kinguin',
  mint: origin => ({ baseUrl: origin, apiKey: randomBytes(16).toString('hex'), eventSecret: randomBytes(16).toString('hex') }),
  operation: ({ method, path }) => (path === '/v2/order' ? 'place' : method === 'GET' && path.includes('/order') ? 'query' : 'other'),
  answer: (request, desk) => (request.headers['x-api-key'] === desk.config['apiKey'] ? run(request, desk) : refuse([401, 'Authorization'])),
  unknownCode: () => refuse([422, 'OrderFailed']),
  throttled: () => refuse([429, 'Http']),
  orderCallback: (sale, desk, variant) => {
    const status = variant === 'tampered' ? 'STOLEN' : STATES[sale.state]
    return callback('order.status', { orderId: sale.upstreamId, orderExternalId: sale.reference, status }, desk, variant)
  },
  productCallback: ({ code, stock }, desk, variant) =>
    callback('product.update', { kinguinId: Number(code), productId: code, qty: stock }, desk, variant)
}
