import type { OutboundHttp } from '../../../kit/outbound-http.ts'
import type { SupplierAdapter, SupplierClient, SupplierProduct } from '../../contract.ts'
import { balanceAt } from '../wire/amount.ts'
import { BASE_URL, baseUrlOf, configSchema, credential, textOf } from '../wire/config.ts'
import { listAt, textAt } from '../wire/json.ts'
import { type Connection, call, cancel, place, priceAt, query, toProduct } from './orders.ts'
import { parseStandardWebhook } from './webhook.ts'

const PAGE_SIZE = 100

async function listProducts(connection: Connection, cursor: string | null): ReturnType<SupplierClient['listProducts']> {
  const from = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
  const reply = await call(connection, 'GET', `/skus?limit=${PAGE_SIZE}${from}`)
  const rows = reply.kind === 'json' && reply.status === 200 ? listAt(reply.body, 'data') : null
  if (reply.kind !== 'json' || rows === null) return null
  return { products: rows.flatMap(row => toProduct(row) ?? []), nextCursor: textAt(reply.body, 'nextCursor') }
}

async function readProduct(connection: Connection, code: string, quantity: number): Promise<SupplierProduct | null> {
  const reply = await call(connection, 'GET', `/skus/${encodeURIComponent(code)}`)
  const product = reply.kind === 'json' && reply.status === 200 ? toProduct(reply.body) : null
  const unitCost = reply.kind === 'json' ? priceAt(reply.body, quantity) : null
  return product === null || unitCost === null ? null : { ...product, unitCost }
}

function connect(config: Readonly<Record<string, unknown>>, http: OutboundHttp): SupplierClient {
  const connection: Connection = {
    baseUrl: baseUrlOf(config),
    apiKey: textOf(config, 'apiKey'),
    webhookSecret: textOf(config, 'webhookSecret'),
    http
  }
  const balance: SupplierClient['balance'] = async () => {
    const reply = await call(connection, 'GET', '/wallet')
    if (reply.kind !== 'json' || reply.status !== 200) return null
    const [amount, currency] = [balanceAt(reply.body, 'available', 'amount'), textAt(reply.body, 'available', 'currency')]
    return amount === null || currency === null ? null : { amount, currency }
  }
  return {
    ping: async () => ((await balance()) === null ? { ok: false, detail: 'its wallet cannot be read' } : { ok: true, detail: 'ok' }),
    balance,
    listProducts: cursor => listProducts(connection, cursor),
    checkStock: async (code, quantity) => (await readProduct(connection, code, quantity))?.stock ?? null,
    quote: (code, quantity) => readProduct(connection, code, quantity),
    place: request => place(connection, request),
    query: order => query(connection, order),
    cancel: order => cancel(connection, order),
    parseWebhook: (headers, rawBody) => parseStandardWebhook(connection.webhookSecret, headers, rawBody)
  }
}

export const kahub: SupplierAdapter = {
  name: 'kahub',
  title: 'Another kahub',
  capabilities: {
    issuance: 'either',
    callback: true,
    cancel: true,
    listProducts: true,
    priceGuard: true,
    queryByReference: true,
    idempotentPlace: true,
    cards: true,
    topUps: true,
    maxQuantity: 10_000,
    referenceMaxLength: 100,
    cardKinds: ['text', 'image', 'link'],
    quietTimeMs: 30_000,
    reviewAfterMs: 1_800_000,
    rateLimit: null
  },
  configSchema: configSchema({
    baseUrl: BASE_URL,
    apiKey: credential('A reseller API key with catalog:read, orders:read, orders:write, cards:reveal and wallet:read.'),
    webhookSecret: credential('The secret of the webhook endpoint there (`whsec_…`).')
  }),
  connect
}
