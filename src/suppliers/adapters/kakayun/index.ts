import type { OutboundHttp } from '../../../kit/outbound-http.ts'
import type { CallbackResult, SupplierAdapter, SupplierClient, SupplierProduct } from '../../contract.ts'
import { balanceAt } from '../wire/amount.ts'
import { BASE_URL, baseUrlOf, CURRENCY, configSchema, credential, setting, textOf, textOr } from '../wire/config.ts'
import { isRecent, sameText } from '../wire/digest.ts'
import { listAt, parseWire, textAt, withoutMark } from '../wire/json.ts'
import { answerText, badCallback, CANNOT_CANCEL, events } from '../wire/verdict.ts'
import { type Connection, call } from './client.ts'
import { place, query, readProduct, toProduct } from './orders.ts'
import { signFields } from './sign.ts'

/** Signed are texts: a price of five may be sent as 5.00 or 5.0, and signed so, or as 5. */
const fieldsOf = (body: object | string | boolean | null): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(body ?? {}).flatMap(([name, value]) => (['string', 'number', 'boolean'].includes(typeof value) ? [[name, String(value)]] : []))
  )

/** A push about a product. All its fields are signed, so it may be believed while it is fresh. */
function parseWebhook({ key, currency, callbackAnswer }: Connection, rawBody: Buffer): CallbackResult {
  const text = rawBody.toString('utf8')
  const body = parseWire(text)
  const sign = textAt(body, 'sign')
  if (sign === null || body === undefined) return badCallback('it has no signature')
  if (![body, JSON.parse(withoutMark(text))].some(each => sameText(sign, signFields(fieldsOf(each), key))))
    return badCallback('the signature is wrong')
  if (!isRecent(Number(textAt(body, 'timestamp')) * 1000)) return badCallback('too old')
  const product = toProduct(body, currency)
  if (product === null) return badCallback('it is about no product')
  const { code, unitCost, stock, onSale } = product
  return events(answerText(callbackAnswer), { kind: 'product_changed', code, unitCost, stock, onSale })
}

const PAGE_SIZE = 100

async function listProducts(connection: Connection, cursor: string | null): ReturnType<SupplierClient['listProducts']> {
  const page = cursor === null ? 1 : Number(cursor)
  const answer = await call(connection, 'goods/all', { page, limit: PAGE_SIZE })
  const rows = answer.kind === 'json' && answer.ok ? listAt(answer.data) : null
  if (rows === null) return null
  // There is no dependable total: a page that is not full is the last one.
  return { products: rows.flatMap(row => toProduct(row, connection.currency) ?? []), nextCursor: rows.length < PAGE_SIZE ? null : String(page + 1) }
}

function connect(config: Readonly<Record<string, unknown>>, http: OutboundHttp): SupplierClient {
  const connection: Connection = {
    baseUrl: baseUrlOf(config),
    userId: textOf(config, 'userId'),
    key: textOf(config, 'key'),
    callbackAnswer: textOr(config, 'callbackAnswer', 'success'),
    currency: textOr(config, 'currency', 'CNY'),
    http
  }
  const product = async (code: string): Promise<SupplierProduct | null> => {
    const answer = await readProduct(connection, code)
    return answer.kind === 'json' && answer.ok ? toProduct(answer.data, connection.currency) : null
  }
  const balance: SupplierClient['balance'] = async () => {
    const answer = await call(connection, 'user/info', {})
    const amount = answer.kind === 'json' && answer.ok ? balanceAt(answer.data, 'money') : null
    return amount === null ? null : { amount, currency: connection.currency }
  }
  return {
    ping: async () => ((await balance()) === null ? { ok: false, detail: 'its balance cannot be read' } : { ok: true, detail: 'ok' }),
    balance,
    listProducts: cursor => listProducts(connection, cursor),
    checkStock: async code => (await product(code))?.stock ?? null,
    quote: product,
    place: request => place(connection, request),
    query: ({ reference }) => query(connection, reference),
    cancel: async () => CANNOT_CANCEL,
    parseWebhook: (_headers, rawBody) => parseWebhook(connection, rawBody)
  }
}

export const kakayun: SupplierAdapter = {
  name: 'kakayun',
  title: '卡卡云 v3',
  capabilities: {
    issuance: 'async',
    callback: true,
    cancel: false,
    listProducts: true,
    priceGuard: false,
    queryByReference: true,
    idempotentPlace: false,
    cards: true,
    topUps: true,
    maxQuantity: 100,
    referenceMaxLength: 32,
    cardKinds: ['text', 'link'],
    quietTimeMs: 600_000,
    reviewAfterMs: 3_600_000,
    rateLimit: null
  },
  configSchema: configSchema(
    {
      baseUrl: BASE_URL,
      userId: setting('The user id.'),
      key: credential('The key of the connection (对接密钥).'),
      callbackAnswer: setting('What a push is answered with. Default: `success`.'),
      currency: CURRENCY
    },
    ['callbackAnswer', 'currency']
  ),
  connect
}
