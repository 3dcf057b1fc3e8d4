import type { OutboundHttp } from '../../../kit/outbound-http.ts'
import type { SupplierAdapter, SupplierClient, SupplierProduct } from '../../contract.ts'
import { amountAt, balanceAt } from '../wire/amount.ts'
import { BASE_URL, baseUrlOf, CURRENCY, configSchema, credential, setting, textOf, textOr } from '../wire/config.ts'
import { countAt, listAt, textAt, type Wire } from '../wire/json.ts'
import { badCallback, CANNOT_CANCEL } from '../wire/verdict.ts'
import { type Connection, call, createTurnstile } from './client.ts'
import { kindFields, kindsIn, toCode, toGoods } from './goods.ts'
import { place, query, valuation, valuedPerUnit } from './orders.ts'

/** Goods of several kinds are as many products: the goods themselves cannot be bought, and nobody says how many there are of each kind. */
function toProducts(row: Wire, currency: string): SupplierProduct[] {
  const code = textAt(row, 'code') ?? textAt(row, 'id')
  const unitCost = amountAt(row, 'user_price')
  if (code === null || unitCost === null) return []
  const name = textAt(row, 'name') ?? code
  // Only goods on sale are listed.
  const product = { code, name, unitCost, currency, stock: countAt(row, 'stock'), onSale: true }
  const kinds = kindsIn(textAt(row, 'config') ?? '', unitCost)
  if (kinds === null) return [product]
  return kinds.map(kind => ({
    ...product,
    code: toCode(code, kind),
    name: [name, kind.race, ...Object.values(kind.options)].filter(part => part !== '').join(' '),
    unitCost: kind.unitCost,
    stock: null
  }))
}

async function listProducts(connection: Connection): ReturnType<SupplierClient['listProducts']> {
  const answer = await call(connection, 'commodity/items', {})
  const categories = answer.kind === 'json' && answer.ok ? listAt(answer.data) : null
  if (categories === null) return null
  const rows = categories.flatMap(category => listAt(category, 'children') ?? [])
  return { products: rows.flatMap(row => toProducts(row, connection.currency)), nextCursor: null }
}

function connect(config: Readonly<Record<string, unknown>>, http: OutboundHttp): SupplierClient {
  const connection: Connection = {
    baseUrl: baseUrlOf(config),
    appId: textOf(config, 'appId'),
    appKey: textOf(config, 'appKey'),
    currency: textOr(config, 'currency', 'CNY'),
    http
  }
  const inTurn = createTurnstile()
  const balance: SupplierClient['balance'] = async () => {
    const answer = await call(connection, 'authentication/connect', {})
    const amount = answer.kind === 'json' && answer.ok ? balanceAt(answer.data, 'balance') : null
    return amount === null ? null : { amount, currency: connection.currency }
  }
  return {
    ping: async () => ((await balance()) === null ? { ok: false, detail: 'it cannot be connected to' } : { ok: true, detail: 'ok' }),
    balance,
    listProducts: () => listProducts(connection),
    checkStock: async productCode => {
      const goods = toGoods(productCode)
      const answer = await call(connection, 'commodity/stock', { code: goods.code, ...kindFields(goods) })
      return answer.kind === 'json' && answer.ok ? countAt(answer.data, 'stock') : null
    },
    quote: async (productCode, quantity) => {
      const unitCost = valuedPerUnit(await valuation(connection, { productCode, quantity, input: null }), quantity)
      return unitCost === null ? null : { unitCost, currency: connection.currency }
    },
    place: request => inTurn(() => place(connection, request)),
    query: order => query(connection, order),
    cancel: async () => CANNOT_CANCEL,
    parseWebhook: () => badCallback('this system pushes nothing')
  }
}

export const acgFaka: SupplierAdapter = {
  name: 'acg-faka',
  title: 'acg-faka shared store',
  capabilities: {
    issuance: 'either',
    callback: false,
    cancel: false,
    listProducts: true,
    priceGuard: false,
    queryByReference: false,
    // The same number again is refused, and the cards are not shown again: an unclear trade is for a person.
    idempotentPlace: false,
    cards: true,
    topUps: true,
    maxQuantity: 100,
    referenceMaxLength: 19,
    cardKinds: ['text', 'link'],
    quietTimeMs: 60_000,
    reviewAfterMs: 120_000,
    rateLimit: null
  },
  configSchema: configSchema(
    { baseUrl: BASE_URL, appId: setting('The merchant id (商户ID).'), appKey: credential('The merchant key (商户密钥).'), currency: CURRENCY },
    ['currency']
  ),
  connect
}
