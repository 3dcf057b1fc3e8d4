import type { OutboundHttp } from '../../../kit/outbound-http.ts'
import type { SupplierAdapter, SupplierClient, SupplierProduct } from '../../contract.ts'
import { balanceAt } from '../wire/amount.ts'
import { BASE_URL, baseUrlOf, CURRENCY, configSchema, credential, setting, textOf, textOr } from '../wire/config.ts'
import { countAt, listAt } from '../wire/json.ts'
import { CANNOT_CANCEL } from '../wire/verdict.ts'
import { parseCallback } from './callback.ts'
import { type Connection, call, place, query, toProduct } from './orders.ts'

const PAGE_SIZE = 100

function connect(config: Readonly<Record<string, unknown>>, http: OutboundHttp): SupplierClient {
  const connection: Connection = { baseUrl: baseUrlOf(config), userId: textOf(config, 'userId'), apiKey: textOf(config, 'apiKey'), http }
  const currency = textOr(config, 'currency', 'CNY')
  const readProduct = async (code: string): Promise<SupplierProduct | null> => {
    if (!/^\d{1,15}$/.test(code)) return null
    const answer = await call(connection, 'goods/info', { id: Number(code) })
    return answer.kind === 'json' && answer.ok ? toProduct(answer.data, currency) : null
  }
  const balance: SupplierClient['balance'] = async () => {
    const answer = await call(connection, 'user/info', {})
    const amount = answer.kind === 'json' && answer.ok ? balanceAt(answer.data, 'balance') : null
    return amount === null ? null : { amount, currency }
  }
  return {
    ping: async () => ((await balance()) === null ? { ok: false, detail: 'its balance cannot be read' } : { ok: true, detail: 'ok' }),
    balance,
    listProducts: async cursor => {
      const page = cursor === null ? 1 : Number(cursor)
      const answer = await call(connection, 'goods/list', { page, limit: PAGE_SIZE })
      const rows = answer.kind === 'json' && answer.ok ? listAt(answer.data, 'list') : null
      if (answer.kind !== 'json' || rows === null) return null
      const more = page * PAGE_SIZE < (countAt(answer.data, 'total') ?? 0)
      return { products: rows.flatMap(row => toProduct(row, currency) ?? []), nextCursor: more ? String(page + 1) : null }
    },
    checkStock: async code => (await readProduct(code))?.stock ?? null,
    quote: code => readProduct(code),
    place: request => place(connection, request),
    query: ({ reference }) => query(connection, reference),
    // `order/close` only asks: whether the money comes back is told by the order, later.
    cancel: async () => CANNOT_CANCEL,
    parseWebhook: (_headers, rawBody) => parseCallback(rawBody, connection.apiKey)
  }
}

export const kasushou: SupplierAdapter = {
  name: 'kasushou',
  title: '卡速售 v2',
  capabilities: {
    issuance: 'async',
    callback: true,
    cancel: false,
    listProducts: true,
    priceGuard: true,
    queryByReference: true,
    idempotentPlace: false,
    cards: true,
    topUps: true,
    maxQuantity: 100,
    referenceMaxLength: 32,
    cardKinds: ['text', 'link'],
    quietTimeMs: 600_000,
    reviewAfterMs: 3_600_000,
    rateLimit: { requests: 1, perMs: 3_500 }
  },
  configSchema: configSchema(
    { baseUrl: BASE_URL, userId: setting('The app id of the account (UserId).'), apiKey: credential('The API key.'), currency: CURRENCY },
    ['currency']
  ),
  connect
}
