/**
 * The smallest honest adapter: copy it for a new supplier, then follow `../../ADDING.md`. Its system is made up, and runs as
 * `npm run simulate -- example`.
 */
import { formatAmount } from '../../../kit/money.ts'
import type { OutboundHttp } from '../../../kit/outbound-http.ts'
import type {
  CancelResult,
  PlaceRequest,
  PlaceResult,
  QueryResult,
  RefusalKind,
  SupplierAdapter,
  SupplierClient,
  SupplierProduct
} from '../../contract.ts'
import { amountAt, balanceAt } from '../wire/amount.ts'
import { BASE_URL, baseUrlOf, CURRENCY, configSchema, credential, textOf, textOr } from '../wire/config.ts'
import { delivered, deliveredAtOnce } from '../wire/delivery.ts'
import { hmacSha256, isRecent, sameText } from '../wire/digest.ts'
import { describeAnswer, type Exchange, exchange } from '../wire/exchange.ts'
import { at, countAt, listAt, parseWire, textAt, type Wire } from '../wire/json.ts'
import { answerText, badCallback, events, failed, notPlaced, refused, unknown } from '../wire/verdict.ts'

/** What certainly means "not sold". A code that is not in this table is unknown, also if it looks harmless. */
const REFUSALS: Readonly<Record<string, RefusalKind>> = {
  no_such_product: 'product_unavailable',
  out_of_stock: 'out_of_stock',
  price_above_limit: 'price_exceeded',
  insufficient_balance: 'no_funds',
  bad_key: 'auth',
  slow_down: 'rate_limited'
}

interface Connection {
  readonly baseUrl: string
  readonly apiKey: string
  readonly callbackSecret: string
  readonly currency: string
  readonly http: OutboundHttp
}

const call = ({ http, baseUrl, apiKey }: Connection, method: 'GET' | 'POST', path: string, body?: object): Promise<Exchange> =>
  exchange(http, {
    method,
    url: `${baseUrl}${path}`,
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })

const says = ({ apiKey }: Connection, body: Wire): string => describeAnswer(textAt(body, 'error'), textAt(body, 'message'), [apiKey])
const cardsIn = (body: Wire) => (listAt(body, 'cards') ?? []).map(card => ({ number: textAt(card, 'number'), secret: textAt(card, 'secret') }))

async function place(connection: Connection, request: PlaceRequest): Promise<PlaceResult> {
  const { reference, productCode, quantity, maxUnitCost, input, notifyUrl } = request
  const order = { reference, product: productCode, quantity, maxUnitPrice: formatAmount(maxUnitCost), input, notifyUrl }
  const reply = await call(connection, 'POST', '/orders', order)
  if (reply.kind !== 'json') return notPlaced(reply, request)
  const { body } = reply
  const upstreamId = textAt(body, 'id')
  switch (textAt(body, 'status')) {
    case 'done':
      return deliveredAtOnce({ raw: cardsIn(body), quantity, upstreamId, unitCost: amountAt(body, 'unitPrice') })
    case 'pending':
    case 'failed':
      return { kind: 'accepted', upstreamId }
    default: {
      const refusal = REFUSALS[textAt(body, 'error') ?? '']
      return refusal === undefined ? unknown(says(connection, body)) : refused(refusal, says(connection, body))
    }
  }
}

async function query(connection: Connection, reference: string): Promise<QueryResult> {
  const reply = await call(connection, 'GET', `/orders/${encodeURIComponent(reference)}`)
  if (reply.kind !== 'json') return unknown(reply.detail)
  const { body } = reply
  const upstreamId = textAt(body, 'id')
  switch (textAt(body, 'status')) {
    case 'done':
      return delivered({ raw: cardsIn(body), quantity: countAt(body, 'quantity'), upstreamId, unitCost: amountAt(body, 'unitPrice') })
    case 'pending':
      return { kind: 'pending', upstreamId }
    case 'failed':
    case 'cancelled':
      return failed('rejected', says(connection, body))
    default:
      return textAt(body, 'error') === 'no_such_order' ? { kind: 'not_found' } : unknown(says(connection, body))
  }
}

async function cancel(connection: Connection, reference: string): Promise<CancelResult> {
  const reply = await call(connection, 'POST', `/orders/${encodeURIComponent(reference)}/cancel`)
  if (reply.kind !== 'json') return unknown(reply.detail)
  if (textAt(reply.body, 'status') === 'cancelled') return { kind: 'cancelled' }
  return textAt(reply.body, 'error') === 'too_late' ? { kind: 'refused', detail: 'too late' } : unknown(says(connection, reply.body))
}

function toProduct(body: Wire, currency: string): SupplierProduct | null {
  const code = textAt(body, 'code')
  const unitCost = amountAt(body, 'price')
  if (code === null || unitCost === null) return null
  return { code, name: textAt(body, 'name') ?? code, unitCost, currency, stock: countAt(body, 'stock'), onSale: at(body, 'onSale') === true }
}

async function readProduct(connection: Connection, code: string): Promise<SupplierProduct | null> {
  const reply = await call(connection, 'GET', `/products/${encodeURIComponent(code)}`)
  return reply.kind === 'json' ? toProduct(reply.body, connection.currency) : null
}

/** The signature covers the whole body, so what it says of a product may be believed. Of an order it only says: ask. */
function parseWebhook({ callbackSecret, currency }: Connection, headers: Readonly<Record<string, string>>, rawBody: Buffer) {
  const text = rawBody.toString('utf8')
  if (!sameText(headers['x-signature'] ?? '', hmacSha256(callbackSecret, text).toString('hex'))) return badCallback('the signature is wrong')
  const body = parseWire(text)
  if (!isRecent(Number(textAt(body, 'time')))) return badCallback('too old')
  const product = textAt(body, 'event') === 'product' && body !== undefined ? toProduct(body, currency) : null
  if (product !== null) return events(answerText('ok'), { kind: 'product_changed', ...product })
  const reference = textAt(body, 'reference')
  if (textAt(body, 'event') !== 'order' || reference === null) return badCallback('neither an order nor a product')
  return events(answerText('ok'), { kind: 'order_changed', reference, upstreamId: textAt(body, 'id') })
}

function connect(config: Readonly<Record<string, unknown>>, http: OutboundHttp): SupplierClient {
  const connection: Connection = {
    baseUrl: baseUrlOf(config),
    apiKey: textOf(config, 'apiKey'),
    callbackSecret: textOf(config, 'callbackSecret'),
    currency: textOr(config, 'currency', 'CNY'),
    http
  }
  const balance: SupplierClient['balance'] = async () => {
    const reply = await call(connection, 'GET', '/balance')
    const amount = reply.kind === 'json' ? balanceAt(reply.body, 'balance') : null
    return amount === null ? null : { amount, currency: connection.currency }
  }
  return {
    ping: async () => ((await balance()) === null ? { ok: false, detail: 'its balance cannot be read' } : { ok: true, detail: 'ok' }),
    balance,
    listProducts: async () => {
      const reply = await call(connection, 'GET', '/products')
      const rows = reply.kind === 'json' ? listAt(reply.body, 'products') : null
      return rows === null ? null : { products: rows.flatMap(row => toProduct(row, connection.currency) ?? []), nextCursor: null }
    },
    checkStock: async code => (await readProduct(connection, code))?.stock ?? null,
    quote: async code => readProduct(connection, code),
    place: request => place(connection, request),
    query: ({ reference }) => query(connection, reference),
    cancel: ({ reference }) => cancel(connection, reference),
    parseWebhook: (headers, rawBody) => parseWebhook(connection, headers, rawBody)
  }
}

export const example: SupplierAdapter = {
  name: 'example',
  title: 'Example',
  capabilities: {
    issuance: 'either',
    callback: true,
    cancel: true,
    listProducts: true,
    priceGuard: true,
    queryByReference: true,
    idempotentPlace: false,
    cards: true,
    topUps: true,
    maxQuantity: 100,
    referenceMaxLength: 64,
    cardKinds: ['text', 'link'],
    quietTimeMs: 60_000,
    reviewAfterMs: 1_800_000,
    rateLimit: { requests: 50, perMs: 1_000 }
  },
  configSchema: configSchema(
    { baseUrl: BASE_URL, apiKey: credential('From its settings page.'), callbackSecret: credential('Signs its callbacks.'), currency: CURRENCY },
    ['currency']
  ),
  connect
}
