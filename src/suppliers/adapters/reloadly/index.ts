import type { OutboundHttp } from '../../../kit/outbound-http.ts'
import type { SupplierAdapter, SupplierClient } from '../../contract.ts'
import { balanceAt } from '../wire/amount.ts'
import { baseUrlOf, configSchema, credential, setting, textOf, textOr } from '../wire/config.ts'
import { at, listAt, textAt } from '../wire/json.ts'
import { badCallback, CANNOT_CANCEL } from '../wire/verdict.ts'
import { type Connection, call, createConnection } from './client.ts'
import { place, query, quote, toProducts } from './orders.ts'

const API = 'https://giftcards.reloadly.com'
const AUTH = 'https://auth.reloadly.com'
const PAGE_SIZE = 200

async function listProducts(connection: Connection, cursor: string | null): ReturnType<SupplierClient['listProducts']> {
  const page = cursor === null ? 1 : Number(cursor)
  const reply = await call(connection, 'GET', `/products?page=${page}&size=${PAGE_SIZE}`)
  if (reply.kind !== 'json' || reply.status !== 200) return null
  const rows = listAt(reply.body, 'content') ?? listAt(reply.body)
  if (rows === null) return null
  const isLast = at(reply.body, 'last') !== false
  return { products: rows.flatMap(toProducts), nextCursor: isLast ? null : String(page + 1) }
}

function connect(config: Readonly<Record<string, unknown>>, http: OutboundHttp): SupplierClient {
  const baseUrl = baseUrlOf(config, 'baseUrl', API)
  const connection = createConnection({
    baseUrl,
    authUrl: baseUrlOf(config, 'authUrl', AUTH),
    audience: textOr(config, 'audience', baseUrl),
    clientId: textOf(config, 'clientId'),
    clientSecret: textOf(config, 'clientSecret'),
    senderName: textOf(config, 'senderName'),
    http
  })
  const balance: SupplierClient['balance'] = async () => {
    const reply = await call(connection, 'GET', '/accounts/balance')
    if (reply.kind !== 'json' || reply.status !== 200) return null
    const [amount, currency] = [balanceAt(reply.body, 'balance'), textAt(reply.body, 'currencyCode')]
    return amount === null || currency === null ? null : { amount, currency }
  }
  return {
    ping: async () => ((await balance()) === null ? { ok: false, detail: 'its balance cannot be read' } : { ok: true, detail: 'ok' }),
    balance,
    listProducts: cursor => listProducts(connection, cursor),
    // It never says how many there are.
    checkStock: async () => null,
    quote: code => quote(connection, code),
    place: request => place(connection, request),
    query: order => query(connection, order),
    cancel: async () => CANNOT_CANCEL,
    parseWebhook: () => badCallback('how this supplier signs its webhooks is not known; orders are polled')
  }
}

export const reloadly: SupplierAdapter = {
  name: 'reloadly',
  title: 'Reloadly gift cards',
  capabilities: {
    issuance: 'async',
    callback: false,
    cancel: false,
    listProducts: true,
    priceGuard: false,
    queryByReference: true,
    idempotentPlace: false,
    cards: true,
    topUps: false,
    maxQuantity: 10,
    referenceMaxLength: 64,
    cardKinds: ['text', 'link'],
    quietTimeMs: 600_000,
    reviewAfterMs: 3_600_000,
    rateLimit: null
  },
  configSchema: configSchema(
    {
      baseUrl: setting(`The API. Default: \`${API}\`; the sandbox is \`https://giftcards-sandbox.reloadly.com\`.`),
      authUrl: setting(`Gives the tokens. Default: \`${AUTH}\`.`),
      audience: setting('Default: the address of the API.'),
      clientId: setting('The client id.'),
      clientSecret: credential('The client secret.'),
      senderName: setting('Who sends the gift; some brands show it.')
    },
    ['baseUrl', 'authUrl', 'audience']
  ),
  connect
}
