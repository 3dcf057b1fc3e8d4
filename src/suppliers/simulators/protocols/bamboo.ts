/** Bamboo Card Portal (2026): an order is taken with a GUID, its cards come with the query. */
import { randomBytes, randomInt } from 'node:crypto'
import { formatAmount } from '../../../kit/money.ts'
import { toReference, toRequestId } from '../../adapters/bamboo/request-id.ts'
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

/** The codes are made up: those of the real system are not published. */
const REFUSALS: Readonly<Record<SaleRefusal, string>> = {
  no_product: 'ProductNotFound',
  out_of_stock: 'OutOfStock',
  price: 'InvalidPrice',
  no_funds: 'InsufficientBalance'
}
const FACE = 5
const STATES: Readonly<Record<Sale['state'], string>> = { pending: 'Created', done: 'Succeeded', failed: 'Failed', cancelled: 'Failed' }

const refuse = (status: number, reason: string): SimReply => json({ status, reason }, status)

const toBrand = ({ code, name, price, stock }: SimProduct): object => ({
  internalId: `BRAND-${code}`,
  name,
  countryCode: 'US',
  currencyCode: 'USD',
  products: [
    {
      id: Number(code),
      name,
      minFaceValue: FACE,
      maxFaceValue: FACE,
      count: stock,
      price: { min: Number(formatAmount(price)), max: Number(formatAmount(price)), currencyCode: 'CNY' }
    }
  ]
})

const toOrder = (sale: Sale): object => ({
  orderId: Number(sale.upstreamId),
  requestId: toRequestId(sale.reference),
  status: sale.state === 'done' && sale.cards.length < sale.quantity ? 'PartialFailed' : STATES[sale.state],
  items: [
    {
      productId: Number(sale.product.code),
      productFaceValue: FACE,
      quantity: sale.quantity,
      cards:
        sale.state === 'done'
          ? sale.cards.map(({ number, secret }, id) => ({
              id,
              serialNumber: number,
              cardCode: secret,
              pin: null,
              expirationDate: null,
              status: 'Sold'
            }))
          : []
    }
  ],
  createdDate: sale.at.toISOString(),
  errorMessage: sale.state === 'failed' ? 'The order failed.' : null
})

function checkout({ body }: SimRequest, { shop, fault, config }: Desk): SimReply {
  const fields = readBody(body)
  const requestId = textOf(fields['RequestId'])
  const reference = toReference(requestId)
  const [product] = Array.isArray(fields['Products']) ? fields['Products'].map(each => readBody(JSON.stringify(each))) : []
  if (reference === null || product === undefined || textOf(fields['AccountId']) !== config['accountId']) return refuse(400, 'InvalidRequest')
  if (Number(textOf(product['Value'])) !== FACE) return refuse(400, 'InvalidValue')
  const result = shop.sell({ reference, product: textOf(product['ProductId']), quantity: Number(textOf(product['Quantity'])) }, fault)
  if (result.kind === 'refused') return refuse(400, REFUSALS[result.why])
  return result.kind === 'known' ? refuse(400, 'DuplicateRequestId') : json(requestId)
}

function readOrder(id: string, { shop, hidden }: Desk): SimReply {
  const sale = hidden ? null : shop.find(toReference(id) ?? '')
  return sale === null ? refuse(404, 'OrderNotFound') : json(toOrder(sale))
}

function readCatalog({ query }: SimRequest, { shop }: Desk): SimReply {
  const wanted = query.get('ProductId')
  const found = [...shop.products.values()].filter(({ code, onSale }) => onSale && (wanted === null || wanted === code))
  return json({ pageIndex: 0, pageSize: 100, count: found.length, items: found.map(toBrand) })
}

function run(request: SimRequest, desk: Desk): SimReply {
  const { method, path } = request
  const [, , , , resource, id] = path.split('/')
  switch (`${method} ${resource}${id === undefined ? '' : id === 'checkout' ? '/checkout' : '/id'}`) {
    case 'GET accounts':
      return {
        ...json(null),
        body: `{"accounts":[{"id":${desk.config['accountId']},"currency":"CNY","balance":${formatAmount(desk.shop.balance)},"isActive":true,"sandboxMode":true}]}`
      }
    case 'GET catalog':
      return readCatalog(request, desk)
    case 'POST orders/checkout':
      return checkout(request, desk)
    case 'GET orders/id':
      return readOrder(id ?? '', desk)
    default:
      return refuse(404, 'NotFound')
  }
}

function answer(request: SimRequest, desk: Desk): SimReply {
  const { clientId, clientSecret } = desk.config
  const good = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`
  return request.headers['authorization'] === good ? run(request, desk) : refuse(401, 'Unauthorized')
}

/** `tampered` is what anybody can send who saw one: the right secret with words of their own. */
function notify(sale: Sale, { config }: Desk, variant: CallbackVariant): Callback {
  const secretKey = variant === 'forged' ? 'not the secret' : config['notificationSecret']
  const status = variant === 'tampered' ? 'STOLEN' : STATES[sale.state]
  return {
    headers: {},
    query: {},
    body: JSON.stringify({ orderId: Number(sale.upstreamId), requestId: toRequestId(sale.reference), status, secretKey })
  }
}

const ACCOUNTS_MAX = 100_000

export const bambooProtocol: SimProtocol = {
  name: 'bamboo',
  mint: origin => ({
    baseUrl: origin,
    clientId: randomBytes(8).toString('hex'),
    clientSecret: randomBytes(16).toString('hex'),
    accountId: String(randomInt(1, ACCOUNTS_MAX)),
    currency: 'CNY',
    notificationSecret: randomBytes(16).toString('hex')
  }),
  operation: ({ method, path }) => (path.endsWith('/orders/checkout') ? 'place' : method === 'GET' && path.includes('/orders/') ? 'query' : 'other'),
  answer,
  unknownCode: () => refuse(400, 'FluxCapacitor'),
  throttled: () => refuse(429, 'TooManyRequests'),
  orderCallback: notify,
  productCallback: () => null
}
