import type { OutboundHttp } from '../../../kit/outbound-http.ts'
import type { OrderLookup, PlaceRequest, PlaceResult, QueryResult, SupplierAdapter, SupplierClient, SupplierProduct } from '../../contract.ts'
import { amountAt, balanceAt, perUnit, wireNumber } from '../wire/amount.ts'
import { chineseRefusal, saysNoSuchOrder } from '../wire/chinese.ts'
import { BASE_URL, baseUrlOf, CURRENCY, choice, configSchema, credential, setting, textOf, textOr } from '../wire/config.ts'
import { delivered, deliveredAtOnce, fromEither } from '../wire/delivery.ts'
import { describeAnswer, exchange, type NoAnswer } from '../wire/exchange.ts'
import { at, countAt, listAt, textAt, type Wire } from '../wire/json.ts'
import { badCallback, CANNOT_CANCEL, checkPrice, failed, notPlaced, refused, unknown } from '../wire/verdict.ts'
import { type Signer, signBody, VERSION } from './sign.ts'

interface Connection extends Signer {
  readonly baseUrl: string
  readonly safePriceIs: string
  readonly currency: string
  readonly http: OutboundHttp
}

type Answer =
  | {
      readonly kind: 'json'
      readonly ok: boolean
      readonly data: Wire | undefined
      /** Null: the code does not say that it is a refusal. */
      readonly message: string | null
      readonly words: string | null
      readonly says: string
    }
  | NoAnswer

const SUCCESS = '1000'
/** What a code below or above this family means is not documented; in it, the words decide. */
const REFUSED = /^2\d{3}$/
const GOODS_ID = /^\d{1,15}$/

async function call(connection: Connection, path: string, fields: object): Promise<Answer> {
  const { baseUrl, appId, appSecret, http } = connection
  const body = JSON.stringify(fields)
  const time = String(Math.floor(Date.now() / 1000))
  const signature = signBody(connection, time, body)
  const headers = { 'content-type': 'application/json', 'x-app-id': appId, 'x-version': VERSION, 'x-timestamp': time, 'x-signature': signature }
  const reply = await exchange(http, { method: 'POST', url: `${baseUrl}/api/v3/${path}`, headers, body })
  if (reply.kind !== 'json') return reply
  const code = textAt(reply.body, 'code') ?? ''
  const words = textAt(reply.body, 'msg')
  const says = describeAnswer(code, words, [appId, appSecret])
  return { kind: 'json', ok: code === SUCCESS, data: at(reply.body, 'data'), message: REFUSED.test(code) ? words : null, words, says }
}

const ON_SALE = '1'

function toProduct(row: Wire | undefined, currency: string): SupplierProduct | null {
  const code = textAt(row, 'goodsId')
  const unitCost = amountAt(row, 'salesPrice')
  if (code === null || unitCost === null) return null
  return { code, name: textAt(row, 'name') ?? code, unitCost, currency, stock: countAt(row, 'stockCount'), onSale: textAt(row, 'status') === ON_SALE }
}

const readProduct = (connection: Connection, code: string): Promise<Answer> => call(connection, 'goods/getDetail', { goodsId: Number(code) })

/** `safePrice` is not documented well enough to be the only guard. Nothing is ordered yet: any answer is definite. */
async function objectTo(connection: Connection, request: PlaceRequest): Promise<PlaceResult | null> {
  const answer = await readProduct(connection, request.productCode)
  if (answer.kind === 'json' && !answer.ok) return refused(chineseRefusal(answer.message) ?? 'rejected', answer.says)
  return checkPrice(answer, answer.kind === 'json' ? (toProduct(answer.data, connection.currency)?.unitCost ?? null) : null, request)
}

const cardsIn = (data: Wire | undefined) => (listAt(data, 'cards') ?? []).map(card => fromEither(textAt(card, 'cardNo'), textAt(card, 'cardPwd')))

async function place(connection: Connection, request: PlaceRequest): Promise<PlaceResult> {
  const { reference, productCode, quantity, maxUnitCost, input } = request
  if (!GOODS_ID.test(productCode)) return refused('product_unavailable', 'the product code is not a number')
  const objection = request.again === true ? null : await objectTo(connection, request)
  if (objection !== null) return objection
  const answer = await call(connection, 'order/create', {
    goodsId: Number(productCode),
    count: quantity,
    outerNumber: reference,
    safePrice: wireNumber(connection.safePriceIs === 'total' ? maxUnitCost * BigInt(quantity) : maxUnitCost),
    ...(input === null ? {} : { attach: Object.entries(input).map(([name, value]) => ({ name, value })) })
  })
  if (answer.kind !== 'json') return notPlaced(answer, request)
  if (!answer.ok) {
    const refusal = chineseRefusal(answer.message)
    return refusal === null ? unknown(answer.says) : refused(refusal, answer.says)
  }
  const upstreamId = textAt(answer.data, 'orderNumber')
  return deliveredAtOnce({ raw: cardsIn(answer.data), quantity, upstreamId, unitCost: null })
}

/** Asked for by our number; where it is not said again, by the number that the order was accepted under. */
function isOurs(data: Wire | undefined, { reference, upstreamId }: OrderLookup): boolean {
  const said = textAt(data, 'outerNumber')
  return said === null ? upstreamId !== null && textAt(data, 'orderNumber') === upstreamId : said === reference
}

async function query(connection: Connection, order: OrderLookup): Promise<QueryResult> {
  const { reference } = order
  const answer = await call(connection, 'order/getDetail', { outerNumber: reference })
  if (answer.kind !== 'json') return unknown(answer.detail)
  if (!answer.ok) return saysNoSuchOrder(answer.words) ? { kind: 'not_found' } : unknown(answer.says)
  const { data } = answer
  if (!isOurs(data, order)) return unknown('another order was shown')
  const upstreamId = textAt(data, 'orderNumber')
  const raw = cardsIn(data)
  switch (textAt(data, 'status')) {
    case '0':
    case '1':
    case '2':
    case '7':
    case '8':
    case '9':
      return { kind: 'pending', upstreamId }
    case '3': {
      const quantity = countAt(data, 'count')
      return delivered({ raw, quantity: raw.length === 0 ? null : quantity, upstreamId, unitCost: perUnit(amountAt(data, 'money'), quantity) })
    }
    case '4':
    case '5':
      return raw.length > 0 ? unknown('cancelled or refunded, and shows cards') : failed('rejected', 'cancelled or refunded')
    default:
      return unknown('an order state that is not documented')
  }
}

const PAGE_SIZE = 100

async function listProducts(connection: Connection, cursor: string | null): ReturnType<SupplierClient['listProducts']> {
  const page = cursor === null ? 1 : Number(cursor)
  const answer = await call(connection, 'goods/getList', { page, limit: PAGE_SIZE })
  const rows = answer.kind === 'json' && answer.ok ? listAt(answer.data, 'list') : null
  if (answer.kind !== 'json' || rows === null) return null
  const more = page < (countAt(answer.data, 'allPage') ?? 0)
  return { products: rows.flatMap(row => toProduct(row, connection.currency) ?? []), nextCursor: more ? String(page + 1) : null }
}

function connect(config: Readonly<Record<string, unknown>>, http: OutboundHttp): SupplierClient {
  const connection: Connection = {
    baseUrl: baseUrlOf(config),
    appId: textOf(config, 'appId'),
    appSecret: textOf(config, 'appSecret'),
    safePriceIs: textOr(config, 'safePriceIs', 'total'),
    currency: textOr(config, 'currency', 'CNY'),
    http
  }
  const product = async (code: string): Promise<SupplierProduct | null> => {
    const answer = GOODS_ID.test(code) ? await readProduct(connection, code) : null
    return answer?.kind === 'json' && answer.ok ? toProduct(answer.data, connection.currency) : null
  }
  const balance: SupplierClient['balance'] = async () => {
    const answer = await call(connection, 'user/getAccount', {})
    const amount = answer.kind === 'json' && answer.ok ? balanceAt(answer.data, 'balance') : null
    return amount === null ? null : { amount, currency: connection.currency }
  }
  return {
    ping: async () => ((await balance()) === null ? { ok: false, detail: 'its balance cannot be read' } : { ok: true, detail: 'ok' }),
    balance,
    listProducts: cursor => listProducts(connection, cursor),
    checkStock: async code => (await product(code))?.stock ?? null,
    quote: product,
    place: request => place(connection, request),
    query: order => query(connection, order),
    cancel: async () => CANNOT_CANCEL,
    parseWebhook: () => badCallback('how this supplier signs its callbacks is not known; orders are polled')
  }
}

export const kayixin: SupplierAdapter = {
  name: 'kayixin',
  title: '卡易信 v3',
  capabilities: {
    issuance: 'either',
    callback: false,
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
      appId: setting('The app id.'),
      appSecret: credential('The app secret.'),
      safePriceIs: choice(['total', 'unit'], 'Whether the site compares `safePrice` with the price of the order or of one.'),
      currency: CURRENCY
    },
    ['safePriceIs', 'currency']
  ),
  connect
}
