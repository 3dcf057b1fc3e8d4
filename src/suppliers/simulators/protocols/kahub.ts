/** Another kahub, as a reseller sees it: the same key again is the same order. */
import { randomBytes } from 'node:crypto'
import { formatAmount, toMoneyText } from '../../../kit/money.ts'
import { signatureOf } from '../../adapters/kahub/webhook.ts'
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
  no_product: [404, 'not_found'],
  out_of_stock: [409, 'out_of_stock'],
  price: [409, 'price_changed'],
  no_funds: [402, 'insufficient_funds']
}
const STATES = { pending: 'submitted', done: 'fulfilled', failed: 'failed', cancelled: 'cancelled' } as const

const refuse = ([status, code]: readonly [number, string]): SimReply =>
  json({ type: `/docs/problems/${code}`, title: code, status, code, detail: code }, status)

const toSku = ({ code, name, price, stock, onSale }: SimProduct): object => ({
  id: code,
  name,
  kind: 'card',
  price: toMoneyText(price, 'CNY'),
  quantityBreaks: [{ minQuantity: 1, unitPrice: toMoneyText(price, 'CNY') }],
  stock,
  state: onSale ? 'active' : 'paused'
})

const toCards = (sale: Sale): object[] =>
  sale.state === 'done' ? sale.cards.map(({ number, secret }) => ({ secret, kind: 'text', ...(number === null ? {} : { number }) })) : []

const toOrder = (sale: Sale): object => ({
  id: `ord_${sale.upstreamId}`,
  reference: sale.reference,
  state: STATES[sale.state],
  skuId: sale.product.code,
  quantity: sale.quantity,
  unitPrice: toMoneyText(sale.unitPrice, 'CNY'),
  total: toMoneyText(sale.unitPrice * BigInt(sale.quantity), 'CNY')
})

function create({ body, headers }: SimRequest, { shop, fault }: Desk): SimReply {
  const fields = readBody(body)
  if ((headers['idempotency-key'] ?? '') === '') return refuse([400, 'idempotency_key_missing'])
  const result = shop.sell(
    {
      reference: textOf(fields['reference']),
      product: textOf(fields['skuId']),
      quantity: Number(textOf(fields['quantity'])),
      maxUnitPrice: amountOf(readBody(JSON.stringify(fields['maxUnitPrice'] ?? null))['amount']),
      input: fields['input'] ?? null
    },
    fault
  )
  if (result.kind === 'refused') return refuse(REFUSALS[result.why])
  return json({ ...toOrder(result.sale), cards: toCards(result.sale) }, result.sale.state === 'pending' ? 202 : 201)
}

function cancel(sale: Sale | null, { shop }: Desk): SimReply {
  if (sale === null) return refuse([404, 'not_found'])
  return shop.cancel(sale) ? json(toOrder(sale)) : refuse([409, 'state_conflict'])
}

function readCards(sale: Sale | null, { query }: SimRequest): SimReply {
  if (sale === null) return refuse([404, 'not_found'])
  const [start, limit] = [Number(query.get('cursor') ?? 0), Number(query.get('limit') ?? 20)]
  const cards = toCards(sale)
  return json({ data: cards.slice(start, start + limit), nextCursor: start + limit < cards.length ? String(start + limit) : null })
}

function run(request: SimRequest, desk: Desk): SimReply {
  const { shop, hidden } = desk
  const [, , resource, id, action] = request.path.split('/')
  const sale = shop.byId((id ?? '').replace('ord_', ''))
  switch (`${request.method} ${resource}${id === undefined ? '' : '/id'}${action === undefined ? '' : `/${action}`}`) {
    case 'GET wallet':
      return json({ available: { amount: formatAmount(shop.balance), currency: 'CNY' } })
    case 'GET skus':
      return json({ data: [...shop.products.values()].map(toSku), nextCursor: null })
    case 'GET skus/id': {
      const product = shop.products.get(id ?? '')
      return product === undefined ? refuse(REFUSALS.no_product) : json(toSku(product))
    }
    case 'POST orders':
      return create(request, desk)
    case 'GET orders': {
      const found = hidden ? null : shop.find(request.query.get('reference') ?? '')
      return json({ data: found === null ? [] : [toOrder(found)], nextCursor: null })
    }
    case 'GET orders/id':
      return sale === null ? refuse([404, 'not_found']) : json(toOrder(sale))
    case 'GET orders/id/cards':
      return readCards(sale, request)
    case 'POST orders/id/cancel':
      return cancel(sale, desk)
    default:
      return refuse([404, 'not_found'])
  }
}

function event(type: string, data: object, { config }: Desk, variant: CallbackVariant): Callback | null {
  if (variant === 'tampered') return null
  const [id, time] = [`evt_${randomBytes(8).toString('hex')}`, String(Math.floor(Date.now() / 1000))]
  const body = JSON.stringify({ type, timestamp: new Date().toISOString(), data })
  const secret = variant === 'forged' ? `whsec_${Buffer.from('not the secret').toString('base64')}` : (config['webhookSecret'] ?? '')
  const signature = signatureOf(secret, `${id}.${time}.${body}`)
  return { headers: { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': `v1,b3RoZXI= ${signature}` }, query: {}, body }
}

export const kahubProtocol: SimProtocol = {
  name: 'kahub',
  mint: origin => ({
    baseUrl: origin,
    apiKey: `kh_test_${randomBytes(16).toString('hex')}`,
    webhookSecret: `whsec_${randomBytes(24).toString('base64')}`
  }),
  operation: ({ method, path }) =>
    method === 'POST' && path === '/v1/orders' ? 'place' : method === 'GET' && path.startsWith('/v1/orders') ? 'query' : 'other',
  answer: (request, desk) =>
    request.headers['authorization'] === `Bearer ${desk.config['apiKey']}` ? run(request, desk) : refuse([401, 'unauthenticated']),
  unknownCode: () => refuse([400, 'flux_capacitor']),
  throttled: () => refuse([429, 'rate_limited']),
  orderCallback: (sale, desk, variant) =>
    event(`order.${STATES[sale.state]}`, { orderId: `ord_${sale.upstreamId}`, reference: sale.reference, skuId: sale.product.code }, desk, variant),
  productCallback: (product, desk, variant) => event('stock.in', { skuId: product.code }, desk, variant)
}
