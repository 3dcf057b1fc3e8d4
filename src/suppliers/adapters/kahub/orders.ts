import { toMoneyText } from '../../../kit/money.ts'
import type { OutboundHttp } from '../../../kit/outbound-http.ts'
import type { CancelResult, CardKind, OrderLookup, PlaceRequest, PlaceResult, QueryResult, RefusalKind, SupplierProduct } from '../../contract.ts'
import { amountAt } from '../wire/amount.ts'
import { delivered, deliveredAtOnce, type RawCard } from '../wire/delivery.ts'
import { describeAnswer, type Exchange, exchange } from '../wire/exchange.ts'
import { countAt, listAt, textAt, type Wire } from '../wire/json.ts'
import { failed, notPlaced, refused, unknown } from '../wire/verdict.ts'

export interface Connection {
  readonly baseUrl: string
  readonly apiKey: string
  readonly webhookSecret: string
  readonly http: OutboundHttp
}

/**
 * Codes of `application/problem+json` that leave nothing behind. `reference_taken`, `request_in_progress` and
 * `idempotency_key_reused` are missing: they say that the order may exist.
 */
const REFUSALS: Readonly<Record<string, RefusalKind>> = {
  validation_failed: 'invalid_request',
  payload_too_large: 'invalid_request',
  unauthenticated: 'auth',
  forbidden: 'auth',
  ip_not_allowed: 'auth',
  account_suspended: 'auth',
  insufficient_funds: 'no_funds',
  spend_cap_reached: 'no_funds',
  not_found: 'product_unavailable',
  sku_unavailable: 'product_unavailable',
  out_of_stock: 'out_of_stock',
  price_changed: 'price_exceeded',
  rate_limited: 'rate_limited'
}

interface CallOptions {
  readonly body?: object
  readonly idempotencyKey?: string
}

export const call = ({ http, baseUrl, apiKey }: Connection, method: 'GET' | 'POST', path: string, options: CallOptions = {}): Promise<Exchange> =>
  exchange(http, {
    method,
    url: `${baseUrl}/v1${path}`,
    headers: {
      authorization: `Bearer ${apiKey}`,
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(options.idempotencyKey === undefined ? {} : { 'idempotency-key': options.idempotencyKey })
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) })
  })

const says = ({ apiKey }: Connection, body: Wire): string => describeAnswer(textAt(body, 'code'), textAt(body, 'detail'), [apiKey])

export function toProduct(sku: Wire): SupplierProduct | null {
  const [code, unitCost, currency] = [textAt(sku, 'id'), amountAt(sku, 'price', 'amount'), textAt(sku, 'price', 'currency')]
  if (code === null || unitCost === null || currency === null) return null
  // Stock counts cards: what is charged to an account has none.
  const stock = textAt(sku, 'kind') === 'card' ? countAt(sku, 'stock') : null
  return { code, name: textAt(sku, 'name') ?? code, unitCost, currency, stock, onSale: textAt(sku, 'state') === 'active' }
}

/** The price of one at this quantity: that of the largest break below it. */
export function priceAt(sku: Wire, quantity: number): bigint | null {
  const breaks = (listAt(sku, 'quantityBreaks') ?? []).filter(each => (countAt(each, 'minQuantity') ?? Number.POSITIVE_INFINITY) <= quantity)
  const last = breaks.at(-1)
  return last === undefined ? amountAt(sku, 'price', 'amount') : amountAt(last, 'unitPrice', 'amount')
}

const KINDS: readonly CardKind[] = ['text', 'image', 'link']

function toCard(card: Wire): RawCard {
  const kind = KINDS.find(each => each === textAt(card, 'kind'))
  const expiresAt = textAt(card, 'expiresAt')
  return {
    number: textAt(card, 'number'),
    secret: textAt(card, 'secret'),
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
    ...(kind ? { kind } : {})
  }
}

export async function place(connection: Connection, request: PlaceRequest): Promise<PlaceResult> {
  const { reference, productCode, quantity, maxUnitCost, currency, input } = request
  const body = { skuId: productCode, quantity, reference, maxUnitPrice: toMoneyText(maxUnitCost, currency), ...(input === null ? {} : { input }) }
  const reply = await call(connection, 'POST', '/orders', { body, idempotencyKey: reference })
  if (reply.kind !== 'json') return notPlaced(reply, request)
  const upstreamId = textAt(reply.body, 'id')
  if (reply.status < 300 && upstreamId !== null && textAt(reply.body, 'reference') === reference) {
    const raw = (listAt(reply.body, 'cards') ?? []).map(toCard)
    if (textAt(reply.body, 'state') !== 'fulfilled') return { kind: 'accepted', upstreamId }
    return deliveredAtOnce({ raw, quantity, upstreamId, unitCost: amountAt(reply.body, 'unitPrice', 'amount') })
  }
  const refusal = reply.status < 400 ? undefined : REFUSALS[textAt(reply.body, 'code') ?? '']
  return refusal === undefined ? unknown(says(connection, reply.body)) : refused(refusal, says(connection, reply.body))
}

/** 10,000 cards in pages of 100. */
const CARD_PAGES_MAX = 100
const CARDS_PER_PAGE = 100

/** Null: not all of them could be read. */
async function readCards(connection: Connection, orderId: string): Promise<RawCard[] | null> {
  const cards: RawCard[] = []
  let cursor: string | null = ''
  for (let page = 0; page < CARD_PAGES_MAX && cursor !== null; page++) {
    const from: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const reply = await call(connection, 'GET', `/orders/${encodeURIComponent(orderId)}/cards?limit=${CARDS_PER_PAGE}${from}`)
    const rows = reply.kind === 'json' && reply.status === 200 ? listAt(reply.body, 'data') : null
    if (reply.kind !== 'json' || rows === null) return null
    cards.push(...rows.map(toCard))
    cursor = textAt(reply.body, 'nextCursor')
  }
  return cursor === null ? cards : null
}

async function judge(connection: Connection, order: Wire): Promise<QueryResult> {
  const upstreamId = textAt(order, 'id')
  if (upstreamId === null) return unknown('an order without an id')
  switch (textAt(order, 'state')) {
    case 'fulfilled': {
      const raw = await readCards(connection, upstreamId)
      if (raw === null) return unknown('its cards could not be read')
      const quantity = raw.length === 0 ? null : countAt(order, 'quantity')
      return delivered({ raw, quantity, upstreamId, unitCost: amountAt(order, 'unitPrice', 'amount') })
    }
    case 'failed':
    case 'rejected':
    case 'cancelled':
      return failed('rejected', 'it ended without cards')
    case 'refunded':
      return unknown('refunded: whether cards were shown before must be looked up')
    case null:
      return unknown('an order without a state')
    default:
      return { kind: 'pending', upstreamId }
  }
}

export async function query(connection: Connection, { reference, upstreamId }: OrderLookup): Promise<QueryResult> {
  const path = upstreamId === null ? `/orders?reference=${encodeURIComponent(reference)}` : `/orders/${encodeURIComponent(upstreamId)}`
  const reply = await call(connection, 'GET', path)
  if (reply.kind !== 'json') return unknown(reply.detail)
  if (reply.status !== 200) return unknown(says(connection, reply.body))
  const rows = upstreamId === null ? listAt(reply.body, 'data') : [reply.body]
  const order = rows?.find(row => textAt(row, 'reference') === reference)
  if (order !== undefined) return judge(connection, order)
  return rows?.length === 0 ? { kind: 'not_found' } : unknown('another order was shown')
}

export async function cancel(connection: Connection, { reference, upstreamId }: OrderLookup): Promise<CancelResult> {
  if (upstreamId === null) return unknown('its own number is not known')
  const reply = await call(connection, 'POST', `/orders/${encodeURIComponent(upstreamId)}/cancel`, { idempotencyKey: `cancel-${reference}` })
  if (reply.kind !== 'json') return unknown(reply.detail)
  if (reply.status === 200 && textAt(reply.body, 'state') === 'cancelled') return { kind: 'cancelled' }
  return textAt(reply.body, 'code') === 'state_conflict'
    ? { kind: 'refused', detail: says(connection, reply.body) }
    : unknown(says(connection, reply.body))
}
