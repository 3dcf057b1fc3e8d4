import type { OutboundHttp } from '../../../kit/outbound-http.ts'
import type { CallbackResult, SupplierAdapter, SupplierClient } from '../../contract.ts'
import { balanceAt } from '../wire/amount.ts'
import { BASE_URL, baseUrlOf, CURRENCY, configSchema, credential, setting, textOf, textOr } from '../wire/config.ts'
import { isRecent, sameText } from '../wire/digest.ts'
import { countAt, listAt, parseWire, textAt } from '../wire/json.ts'
import { badCallback, events } from '../wire/verdict.ts'
import { type Connection, call, sign } from './client.ts'
import { cancel, place, query, readProduct, toProducts } from './orders.ts'

const CALLBACK_PATH = '/api/v1/upstream/callback'
const RECEIVED = { status: 200, contentType: 'application/json', body: '{"ok":true,"message":"received"}' }

/** The signature has no nonce and lives for minutes, so a callback may be a replay: it is a reason to ask. */
function parseWebhook({ apiKey, apiSecret }: Connection, headers: Readonly<Record<string, string>>, rawBody: Buffer): CallbackResult {
  const body = rawBody.toString('utf8')
  const time = headers['dujiao-next-timestamp'] ?? ''
  const expected = sign({ method: 'POST', path: headers[':path'] ?? CALLBACK_PATH, time, body }, apiSecret)
  if (!sameText(headers['dujiao-next-api-key'] ?? '', apiKey)) return badCallback('it has another key')
  if (!sameText(headers['dujiao-next-signature'] ?? '', expected)) return badCallback('the signature is wrong')
  if (!isRecent(Number(time) * 1000)) return badCallback('too old')
  const event = parseWire(body)
  const reference = textAt(event, 'downstream_order_no')
  const upstreamId = textAt(event, 'order_id')
  if (reference === null && upstreamId === null) return badCallback('it is about no order')
  return events(RECEIVED, { kind: 'order_changed', reference, upstreamId })
}

const PAGE_SIZE = 100

async function listProducts(connection: Connection, cursor: string | null): ReturnType<SupplierClient['listProducts']> {
  const page = cursor === null ? 1 : Number(cursor)
  const answer = await call(connection, 'GET', `/products?page=${page}&page_size=${PAGE_SIZE}`)
  const rows = answer.kind === 'json' && answer.ok ? listAt(answer.body, 'items') : null
  if (answer.kind !== 'json' || rows === null) return null
  const more = page * PAGE_SIZE < (countAt(answer.body, 'total') ?? 0)
  return { products: rows.flatMap(row => toProducts(row, connection.currency)), nextCursor: more ? String(page + 1) : null }
}

function connect(config: Readonly<Record<string, unknown>>, http: OutboundHttp): SupplierClient {
  const connection: Connection = {
    baseUrl: baseUrlOf(config),
    apiKey: textOf(config, 'apiKey'),
    apiSecret: textOf(config, 'apiSecret'),
    currency: textOr(config, 'currency', 'CNY'),
    http
  }
  const balance: SupplierClient['balance'] = async () => {
    const answer = await call(connection, 'POST', '/ping')
    const amount = answer.kind === 'json' && answer.ok ? balanceAt(answer.body, 'balance') : null
    return answer.kind !== 'json' || amount === null ? null : { amount, currency: textAt(answer.body, 'currency') ?? connection.currency }
  }
  return {
    ping: async () => ((await balance()) === null ? { ok: false, detail: 'it does not answer a ping as documented' } : { ok: true, detail: 'ok' }),
    balance,
    listProducts: cursor => listProducts(connection, cursor),
    checkStock: async code => (await readProduct(connection, code))?.stock ?? null,
    quote: code => readProduct(connection, code),
    place: request => place(connection, request),
    query: order => query(connection, order),
    cancel: order => cancel(connection, order),
    parseWebhook: (headers, rawBody) => parseWebhook(connection, headers, rawBody)
  }
}

export const dujiaoNext: SupplierAdapter = {
  name: 'dujiao-next',
  title: 'Dujiao-Next',
  capabilities: {
    issuance: 'async',
    callback: true,
    cancel: true,
    listProducts: true,
    priceGuard: false,
    queryByReference: false,
    idempotentPlace: true,
    cards: true,
    topUps: true,
    maxQuantity: 100,
    referenceMaxLength: 64,
    cardKinds: ['text', 'link'],
    // Two equal orders at the same time can both pass its check, so the first must be over before it is sent again.
    quietTimeMs: 60_000,
    reviewAfterMs: 3_600_000,
    rateLimit: null
  },
  configSchema: configSchema({ baseUrl: BASE_URL, apiKey: setting('The API key.'), apiSecret: credential('The API secret.'), currency: CURRENCY }, [
    'currency'
  ]),
  connect
}
