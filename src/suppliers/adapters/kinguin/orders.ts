import type { OutboundHttp } from '../../../kit/outbound-http.ts'
import type { CardKind, OrderLookup, PlaceRequest, PlaceResult, QueryResult, RefusalKind, SupplierProduct } from '../../contract.ts'
import { amountAt, perUnit, wireNumber } from '../wire/amount.ts'
import { delivered, type RawCard } from '../wire/delivery.ts'
import { describeAnswer, type Exchange, exchange } from '../wire/exchange.ts'
import { countAt, listAt, textAt, type Wire } from '../wire/json.ts'
import { checkPrice, failed, notPlaced, refused, unknown } from '../wire/verdict.ts'

export interface Connection {
  readonly baseUrl: string
  readonly apiKey: string
  readonly eventSecret: string
  readonly http: OutboundHttp
}

export const CURRENCY = 'EUR'

/**
 * By `kind` of the error. The status of a kind is not documented, so it does not count. Error, Http, HttpClient, ResourceLock and
 * OrderFailed are missing: they may have bought.
 */
const REFUSALS: Readonly<Record<string, RefusalKind>> = {
  ConstraintViolation: 'invalid_request',
  Authorization: 'auth',
  InsufficientBalance: 'no_funds',
  Preorder: 'rejected',
  ProductUnavailable: 'out_of_stock'
}
/** What a repeated number is answered with is not documented; this is how a violation of it would look. */
const REFERENCE_FIELD = 'orderExternalId'

export const call = ({ http, baseUrl, apiKey }: Connection, method: 'GET' | 'POST', path: string, fields?: object): Promise<Exchange> =>
  exchange(http, {
    method,
    url: `${baseUrl}${path}`,
    headers: { 'x-api-key': apiKey, 'content-type': 'application/json' },
    ...(fields === undefined ? {} : { body: JSON.stringify(fields) })
  })

const says = ({ apiKey }: Connection, body: Wire): string => describeAnswer(textAt(body, 'kind'), textAt(body, 'detail'), [apiKey])

function refusalOf(body: Wire): RefusalKind | undefined {
  return textAt(body, 'propertyPath')?.includes(REFERENCE_FIELD) === true ? undefined : REFUSALS[textAt(body, 'kind') ?? '']
}

export function toProduct(row: Wire, currency: string): SupplierProduct | null {
  const code = textAt(row, 'productId')
  const unitCost = amountAt(row, 'price')
  if (code === null || unitCost === null) return null
  const stock = countAt(row, 'qty')
  return { code, name: textAt(row, 'name') ?? code, unitCost, currency, stock, onSale: stock !== 0 }
}

const askProduct = (connection: Connection, code: string): Promise<Exchange> => call(connection, 'GET', `/v2/products/${encodeURIComponent(code)}`)

const productIn = (reply: Exchange): SupplierProduct | null =>
  reply.kind === 'json' && reply.status === 200 ? toProduct(reply.body, CURRENCY) : null
export const readProduct = async (connection: Connection, code: string): Promise<SupplierProduct | null> =>
  productIn(await askProduct(connection, code))

const NOT_FOUND = 404

/** Kinguin buys at the price that is sent, so today's price is sent and not our limit. */
async function readPrice(connection: Connection, request: PlaceRequest): Promise<bigint | PlaceResult> {
  const reply = await askProduct(connection, request.productCode)
  if (reply.kind === 'json' && reply.status === NOT_FOUND) return refused('product_unavailable', says(connection, reply.body))
  if (reply.kind === 'json' && reply.status !== 200) return refused(refusalOf(reply.body) ?? 'rejected', says(connection, reply.body))
  const price = productIn(reply)?.unitCost ?? null
  return checkPrice(reply, price, request) ?? price ?? request.maxUnitCost
}

export async function place(connection: Connection, request: PlaceRequest): Promise<PlaceResult> {
  const price = request.again === true ? request.maxUnitCost : await readPrice(connection, request)
  if (typeof price !== 'bigint') return price
  const line = { productId: request.productCode, qty: request.quantity, price: wireNumber(price) }
  const reply = await call(connection, 'POST', '/v2/order', { products: [line], orderExternalId: request.reference })
  if (reply.kind !== 'json') return notPlaced(reply, request)
  const upstreamId = textAt(reply.body, 'orderId')
  if (reply.status < 300 && upstreamId !== null) return { kind: 'accepted', upstreamId }
  const refusal = reply.status < 300 ? undefined : refusalOf(reply.body)
  return refusal === undefined ? unknown(says(connection, reply.body)) : refused(refusal, says(connection, reply.body))
}

const KEYS_PER_PAGE = 100
/** 10 lines of 9, or 1,000 wholesale. */
const KEY_PAGES_MAX = 10

const kindOf = (type: string | null): CardKind => (type?.startsWith('image/') === true ? 'image' : 'text')
const toCard = (key: Wire): RawCard => ({ secret: textAt(key, 'serial'), kind: kindOf(textAt(key, 'type')) })

/** Null: not all pages could be read. */
async function readKeys(connection: Connection, orderId: string): Promise<RawCard[] | null> {
  const keys: RawCard[] = []
  for (let page = 1; page <= KEY_PAGES_MAX; page++) {
    const reply = await call(connection, 'GET', `/v2/order/${encodeURIComponent(orderId)}/keys?page=${page}&limit=${KEYS_PER_PAGE}`)
    const rows = reply.kind === 'json' && reply.status === 200 ? listAt(reply.body) : null
    if (rows === null) return null
    keys.push(...rows.map(toCard))
    if (rows.length < KEYS_PER_PAGE) break
  }
  return keys
}

async function fulfilled(connection: Connection, order: Wire, upstreamId: string): Promise<QueryResult> {
  const raw = await readKeys(connection, upstreamId)
  if (raw === null) return unknown('its keys could not be read')
  const quantity = countAt(order, 'totalQty')
  return delivered({ raw, quantity, upstreamId, unitCost: perUnit(amountAt(order, 'paymentPrice'), quantity) })
}

async function judge(connection: Connection, order: Wire): Promise<QueryResult> {
  const upstreamId = textAt(order, 'orderId')
  if (upstreamId === null) return unknown('an order without a number')
  switch (textAt(order, 'status')) {
    case 'processing':
      return { kind: 'pending', upstreamId }
    case 'completed':
      return fulfilled(connection, order, upstreamId)
    case 'canceled':
    case 'refunded':
      return failed('rejected', 'cancelled or refunded')
    default:
      return unknown('an order state that is not documented')
  }
}

export async function query(connection: Connection, { reference, upstreamId }: OrderLookup): Promise<QueryResult> {
  const path = upstreamId === null ? `/v1/order?orderExternalId=${encodeURIComponent(reference)}` : `/v1/order/${encodeURIComponent(upstreamId)}`
  const reply = await call(connection, 'GET', path)
  if (reply.kind !== 'json') return unknown(reply.detail)
  if (reply.status !== 200) return unknown(says(connection, reply.body))
  const rows = upstreamId === null ? listAt(reply.body, 'results') : [reply.body]
  const order = rows?.find(row => textAt(row, 'orderExternalId') === reference)
  if (order !== undefined) return judge(connection, order)
  // A list without ours was not filtered by our number, so it says nothing.
  return rows?.length === 0 ? { kind: 'not_found' } : unknown('another order was shown')
}
