import type { OutboundHttp } from '../../../kit/outbound-http.ts'
import type { CallbackResult, SupplierAdapter, SupplierClient } from '../../contract.ts'
import { balanceAt } from '../wire/amount.ts'
import { baseUrlOf, configSchema, credential, setting, textOf } from '../wire/config.ts'
import { sameText } from '../wire/digest.ts'
import { countAt, listAt, parseWire, textAt } from '../wire/json.ts'
import { badCallback, CANNOT_CANCEL, events } from '../wire/verdict.ts'
import { type Connection, CURRENCY, call, place, query, readProduct, toProduct } from './orders.ts'

const GATEWAY = 'https://gateway.kinguin.net/esa/api'
/** Anything but an empty 2xx is sent again. */
const RECEIVED = { status: 204, contentType: 'text/plain', body: '' }

/** The secret is the same in each call and covers no body: whoever saw one can say anything. So it is a reason to ask. */
function parseWebhook({ eventSecret }: Connection, headers: Readonly<Record<string, string>>, rawBody: Buffer): CallbackResult {
  if (!sameText(headers['x-event-secret'] ?? '', eventSecret)) return badCallback('the secret is wrong')
  const body = parseWire(rawBody.toString('utf8'))
  switch (headers['x-event-name']) {
    case 'order.status': {
      const [reference, upstreamId] = [textAt(body, 'orderExternalId'), textAt(body, 'orderId')]
      return reference === null && upstreamId === null
        ? badCallback('it is about no order')
        : events(RECEIVED, { kind: 'order_changed', reference, upstreamId })
    }
    case 'product.update': {
      const code = textAt(body, 'productId')
      return code === null
        ? badCallback('it is about no product')
        : events(RECEIVED, { kind: 'product_changed', code, unitCost: null, stock: null, onSale: null })
    }
    default:
      // It has the secret: refused, it would come again until the webhook is disabled.
      return events(RECEIVED)
  }
}

const PAGE_SIZE = 100

async function listProducts(connection: Connection, cursor: string | null, updatedSince: Date | null): ReturnType<SupplierClient['listProducts']> {
  const page = cursor === null ? 1 : Number(cursor)
  const since = updatedSince === null ? '' : `&updatedSince=${encodeURIComponent(updatedSince.toISOString())}`
  const reply = await call(connection, 'GET', `/v1/products?page=${page}&limit=${PAGE_SIZE}${since}`)
  const rows = reply.kind === 'json' && reply.status === 200 ? listAt(reply.body, 'results') : null
  if (reply.kind !== 'json' || rows === null) return null
  const more = page * PAGE_SIZE < (countAt(reply.body, 'item_count') ?? 0)
  return { products: rows.flatMap(row => toProduct(row, CURRENCY) ?? []), nextCursor: more ? String(page + 1) : null }
}

function connect(config: Readonly<Record<string, unknown>>, http: OutboundHttp): SupplierClient {
  const connection: Connection = {
    baseUrl: baseUrlOf(config, 'baseUrl', GATEWAY),
    apiKey: textOf(config, 'apiKey'),
    eventSecret: textOf(config, 'eventSecret'),
    http
  }
  const balance: SupplierClient['balance'] = async () => {
    const reply = await call(connection, 'GET', '/v1/balance')
    const amount = reply.kind === 'json' && reply.status === 200 ? balanceAt(reply.body, 'balance') : null
    return amount === null ? null : { amount, currency: CURRENCY }
  }
  return {
    ping: async () => ((await balance()) === null ? { ok: false, detail: 'its balance cannot be read' } : { ok: true, detail: 'ok' }),
    balance,
    listProducts: (cursor, updatedSince) => listProducts(connection, cursor, updatedSince),
    checkStock: async code => (await readProduct(connection, code))?.stock ?? null,
    quote: code => readProduct(connection, code),
    place: request => place(connection, request),
    query: order => query(connection, order),
    cancel: async () => CANNOT_CANCEL,
    parseWebhook: (headers, rawBody) => parseWebhook(connection, headers, rawBody)
  }
}

export const kinguin: SupplierAdapter = {
  name: 'kinguin',
  title: 'Kinguin ESA',
  capabilities: {
    issuance: 'async',
    callback: true,
    cancel: false,
    listProducts: true,
    priceGuard: true,
    queryByReference: true,
    idempotentPlace: false,
    cards: true,
    topUps: false,
    maxQuantity: 9,
    referenceMaxLength: 64,
    cardKinds: ['text', 'image'],
    quietTimeMs: 600_000,
    reviewAfterMs: 3_600_000,
    rateLimit: null
  },
  configSchema: configSchema(
    {
      baseUrl: setting(`The gateway. Default: \`${GATEWAY}\`.`),
      apiKey: credential('The API key (X-Api-Key).'),
      eventSecret: credential('The secret of its webhooks (X-Event-Secret).')
    },
    ['baseUrl']
  ),
  connect
}
