import type { OutboundHttp } from '../../../kit/outbound-http.ts'
import type { CallbackResult, SupplierAdapter, SupplierClient } from '../../contract.ts'
import { balanceAt } from '../wire/amount.ts'
import { baseUrlOf, configSchema, credential, setting, textOf, textOr } from '../wire/config.ts'
import { sameText } from '../wire/digest.ts'
import { countAt, listAt, parseWire, textAt } from '../wire/json.ts'
import { answerText, badCallback, CANNOT_CANCEL, events } from '../wire/verdict.ts'
import { type Connection, call, catalogPath, toProducts } from './client.ts'
import { place, query, readProduct } from './orders.ts'
import { REFERENCE_LENGTH, toReference } from './request-id.ts'

const API = 'https://api.bamboocardportal.com'
const PAGE_SIZE = 100
/** `2026-11-23`: changes of a day are read again, rather than missed. */
const DATE_LENGTH = 10

async function listProducts(connection: Connection, cursor: string | null, updatedSince: Date | null): ReturnType<SupplierClient['listProducts']> {
  const page = Number(cursor ?? 0)
  const since = updatedSince === null ? {} : { ModifiedDate: updatedSince.toISOString().slice(0, DATE_LENGTH) }
  const reply = await call(connection, 'GET', catalogPath(connection, { PageSize: `${PAGE_SIZE}`, PageIndex: `${page}`, ...since }))
  const brands = reply.kind === 'json' && reply.status === 200 ? listAt(reply.body, 'items') : null
  if (reply.kind !== 'json' || brands === null) return null
  const more = (page + 1) * PAGE_SIZE < (countAt(reply.body, 'count') ?? 0)
  return { products: brands.flatMap(toProducts), nextCursor: more ? String(page + 1) : null }
}

/** The secret is part of the body, the same each time, and covers none of it: whoever saw one can say anything. So it is a reason to ask. */
function parseWebhook({ notificationSecret }: Connection, rawBody: Buffer): CallbackResult {
  const body = parseWire(rawBody.toString('utf8'))
  if (notificationSecret === '' || !sameText(textAt(body, 'secretKey') ?? '', notificationSecret)) return badCallback('the secret is wrong')
  const reference = toReference(textAt(body, 'requestId') ?? '')
  return reference === null ? badCallback('it is about no order') : events(answerText('ok'), { kind: 'order_changed', reference, upstreamId: null })
}

function connect(config: Readonly<Record<string, unknown>>, http: OutboundHttp): SupplierClient {
  const connection: Connection = {
    baseUrl: baseUrlOf(config, 'baseUrl', API),
    clientId: textOf(config, 'clientId'),
    clientSecret: textOf(config, 'clientSecret'),
    accountId: textOf(config, 'accountId'),
    currency: textOf(config, 'currency'),
    notificationSecret: textOr(config, 'notificationSecret', ''),
    http
  }
  const balance: SupplierClient['balance'] = async () => {
    const reply = await call(connection, 'GET', '/api/integration/v1.0/accounts')
    const accounts = reply.kind === 'json' && reply.status === 200 ? listAt(reply.body, 'accounts') : null
    const account = accounts?.find(each => textAt(each, 'id') === connection.accountId)
    const [amount, currency] = [balanceAt(account, 'balance'), textAt(account, 'currency')]
    return amount === null || currency === null ? null : { amount, currency }
  }
  return {
    ping: async () => ((await balance()) === null ? { ok: false, detail: 'the balance of the account cannot be read' } : { ok: true, detail: 'ok' }),
    balance,
    listProducts: (cursor, updatedSince) => listProducts(connection, cursor, updatedSince),
    checkStock: async code => (await readProduct(connection, code))?.stock ?? null,
    quote: code => readProduct(connection, code),
    place: request => place(connection, request),
    query: ({ reference }) => query(connection, reference),
    cancel: async () => CANNOT_CANCEL,
    parseWebhook: (_headers, rawBody) => parseWebhook(connection, rawBody)
  }
}

export const bamboo: SupplierAdapter = {
  name: 'bamboo',
  title: 'Bamboo Card Portal',
  capabilities: {
    issuance: 'async',
    callback: true,
    cancel: false,
    listProducts: true,
    priceGuard: false,
    queryByReference: true,
    idempotentPlace: false,
    cards: true,
    topUps: false,
    maxQuantity: 100,
    referenceMaxLength: REFERENCE_LENGTH,
    cardKinds: ['text', 'link'],
    quietTimeMs: 600_000,
    reviewAfterMs: 3_600_000,
    // Two orders a second, and one request of any other kind; each order asks for its price first.
    rateLimit: { requests: 1, perMs: 1_000 }
  },
  configSchema: configSchema(
    {
      baseUrl: setting(`The API. Default: \`${API}\`; the sandbox is the same, with credentials of its own.`),
      clientId: setting('The client id.'),
      clientSecret: credential('The client secret.'),
      accountId: setting('The account that pays, of the same environment as the credentials.'),
      currency: { type: 'string', pattern: '^[A-Z]{3}$', description: 'The currency of that account.' },
      notificationSecret: credential('The secretKey that was set with its notification URL. Without it orders are only asked for.')
    },
    ['baseUrl', 'notificationSecret']
  ),
  connect
}
