import { formatAmount } from '../../../kit/money.ts'
import type { OutboundHttp } from '../../../kit/outbound-http.ts'
import type { PlaceRequest, PlaceResult, QueryResult, SupplierProduct } from '../../contract.ts'
import { amountAt } from '../wire/amount.ts'
import { chineseRefusal, saysNoSuchOrder } from '../wire/chinese.ts'
import { delivered, fromEither } from '../wire/delivery.ts'
import { describeAnswer, exchange, type NoAnswer } from '../wire/exchange.ts'
import { at, countAt, listAt, textAt, type Wire } from '../wire/json.ts'
import { failed, notPlaced, refused, unknown } from '../wire/verdict.ts'
import { signBody, toBody } from './sign.ts'

export interface Connection {
  readonly baseUrl: string
  readonly userId: string
  readonly apiKey: string
  readonly http: OutboundHttp
}

export type Answer =
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

/** Documented is 200; some sites say 1. 400 is a refusal in words, 500 is unknown. */
const SUCCESS = ['200', '1']
const REFUSED = '400'

export async function call({ baseUrl, userId, apiKey, http }: Connection, path: string, fields: object): Promise<Answer> {
  const body = toBody({ ...fields })
  const time = String(Date.now())
  const headers = { 'content-type': 'application/json', userid: userId, timestamp: time, sign: signBody(time, body, apiKey) }
  const reply = await exchange(http, { method: 'POST', url: `${baseUrl}/api/v1/${path}`, headers, body })
  if (reply.kind !== 'json') return reply
  const code = textAt(reply.body, 'code') ?? ''
  const words = textAt(reply.body, 'msg')
  const says = describeAnswer(code, words, [apiKey, userId])
  return { kind: 'json', ok: SUCCESS.includes(code), data: at(reply.body, 'data'), message: code === REFUSED ? words : null, words, says }
}

const ON_SALE = ['1', 'ON_SALE']

/** Systems that speak this protocol beside the original write some names in a second way. */
export function toProduct(row: Wire | undefined, currency: string): SupplierProduct | null {
  const code = textAt(row, 'id') ?? textAt(row, 'goods_id')
  const unitCost = amountAt(row, 'goods_price') ?? amountAt(row, 'price')
  if (code === null || unitCost === null) return null
  return {
    code,
    name: textAt(row, 'goods_name') ?? textAt(row, 'name') ?? code,
    unitCost,
    currency,
    stock: countAt(row, 'stock_num') ?? countAt(row, 'stock'),
    onSale: ON_SALE.includes(textAt(row, 'status') ?? '')
  }
}

export async function place(connection: Connection, request: PlaceRequest): Promise<PlaceResult> {
  const { reference, productCode, quantity, maxUnitCost, input, notifyUrl } = request
  if (!/^\d{1,15}$/.test(productCode)) return refused('product_unavailable', 'the product code is not a number')
  const answer = await call(connection, 'order/buy', {
    id: Number(productCode),
    quantity,
    external_orderno: reference,
    safe_price: formatAmount(maxUnitCost),
    ...(input === null ? {} : { attach: input }),
    ...(notifyUrl === null ? {} : { url: notifyUrl })
  })
  if (answer.kind !== 'json') return notPlaced(answer, request)
  if (answer.ok) return { kind: 'accepted', upstreamId: textAt(answer.data, 'ordersn') }
  const refusal = chineseRefusal(answer.message)
  return refusal === null ? unknown(answer.says) : refused(refusal, answer.says)
}

function fulfilled(order: Wire, upstreamId: string | null): QueryResult {
  const raw = (listAt(order, 'card_list') ?? []).map(card => fromEither(textAt(card, 'card_no'), textAt(card, 'card_password')))
  return delivered({ raw, quantity: null, upstreamId, unitCost: null })
}

/** Refunded without cards is a failure; in part, and with cards, what came is ours; in full and with cards is for people. */
function refunded(order: Wire, upstreamId: string | null): QueryResult {
  const cards = listAt(order, 'card_list') ?? []
  if (cards.length === 0) return failed('rejected', 'refunded')
  const [back, total] = [amountAt(order, 'has_back_money'), amountAt(order, 'total_price')]
  if (back === null || total === null || back >= total) return unknown('refunded, and shows cards')
  const result = fulfilled(order, upstreamId)
  return result.kind === 'fulfilled' ? { kind: 'partial', upstreamId, cards: result.cards } : result
}

export async function query(connection: Connection, reference: string): Promise<QueryResult> {
  const answer = await call(connection, 'order/info', { external_orderno: reference, day: 0 })
  if (answer.kind !== 'json') return unknown(answer.detail)
  if (!answer.ok) return saysNoSuchOrder(answer.words) ? { kind: 'not_found' } : unknown(answer.says)
  const rows = listAt(answer.data) ?? (textAt(answer.data, 'external_orderno') === null ? null : [answer.data ?? null])
  const order = rows?.find(row => textAt(row, 'external_orderno') === reference)
  if (order === undefined) return rows?.length === 0 ? { kind: 'not_found' } : unknown('another order was shown')
  const upstreamId = textAt(order, 'ordersn')
  switch (textAt(order, 'status')) {
    case '-1':
    case '1':
    case '2':
      return { kind: 'pending', upstreamId }
    case '3':
      return fulfilled(order, upstreamId)
    case '4':
      return listAt(order, 'card_list')?.length ? unknown('cancelled, and shows cards') : failed('rejected', 'cancelled')
    case '5':
      return refunded(order, upstreamId)
    default:
      return unknown('an order state that is not documented')
  }
}
