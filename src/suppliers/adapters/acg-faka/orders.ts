import type { OrderLookup, PlaceRequest, PlaceResult, QueryResult } from '../../contract.ts'
import { amountAt, perUnit } from '../wire/amount.ts'
import { delivered, deliveredAtOnce } from '../wire/delivery.ts'
import { textAt } from '../wire/json.ts'
import { checkPrice, notPlaced, refused, unknown } from '../wire/verdict.ts'
import { type Answer, type Connection, call } from './client.ts'
import { kindFields, toGoods } from './goods.ts'

/** The column is char(19) and unique over all buyers of the shop; a longer number crashes the trade. */
const REQUEST_NO = /^[0-9A-Za-z]{1,19}$/
/** Paid, and no card: the stock was gone between the check and the lock. */
const APOLOGY = '很抱歉，有人在你付款之前抢走了商品'
/** Goods that a person delivers; the cards come later, and only the query shows them. */
const BY_HAND = '正在发货中'

/** Options such as `sku[颜色]` have a surcharge. */
const optionsIn = (input: PlaceRequest['input']): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(input ?? {}).filter(([name]) => name.startsWith('sku[')))

export const valuation = (
  connection: Connection,
  { productCode, quantity, input }: Pick<PlaceRequest, 'productCode' | 'quantity' | 'input'>
): Promise<Answer> => {
  const goods = toGoods(productCode)
  return call(connection, 'commodity/valuation', { code: goods.code, ...kindFields(goods), num: String(quantity), card_id: '0', ...optionsIn(input) })
}

export const valuedPerUnit = (answer: Answer, quantity: number): bigint | null =>
  answer.kind === 'json' && answer.ok ? perUnit(amountAt(answer.data, 'price'), quantity) : null

/** There is no price guard, so the price is asked for directly before. Nothing is ordered yet: any answer is definite. */
async function objectTo(connection: Connection, request: PlaceRequest): Promise<PlaceResult | null> {
  const answer = await valuation(connection, request)
  if (answer.kind === 'json' && !answer.ok) return refused(answer.refusal ?? 'rejected', answer.says)
  return checkPrice(answer, valuedPerUnit(answer, request.quantity), request)
}

const linesOf = (secret: string | null): string[] => (secret ?? '').split(/\r?\n/).filter(line => line.trim() !== '')

export async function place(connection: Connection, request: PlaceRequest): Promise<PlaceResult> {
  const { reference, productCode, quantity, input } = request
  if (!REQUEST_NO.test(reference)) return refused('invalid_request', 'the reference must be 1 to 19 letters and digits')
  const objection = request.again === true ? null : await objectTo(connection, request)
  if (objection !== null) return objection
  const goods = toGoods(productCode)
  const order = {
    shared_code: goods.code,
    ...kindFields(goods),
    num: String(quantity),
    request_no: reference,
    contact: reference,
    card_id: '0',
    device: '0',
    password: ''
  }
  const answer = await call(connection, 'commodity/trade', { ...input, ...order })
  if (answer.kind !== 'json') return notPlaced(answer, request)
  if (!answer.ok) return answer.refusal === null ? unknown(answer.says) : refused(answer.refusal, answer.says)
  const upstreamId = textAt(answer.data, 'tradeNo')
  const secret = textAt(answer.data, 'secret')
  if (secret?.startsWith(APOLOGY) === true)
    return unknown(`paid as ${upstreamId ?? 'a number it did not say'}, and the stock was gone: ask for the money back`)
  if (secret === null || secret.startsWith(BY_HAND)) return { kind: 'accepted', upstreamId }
  const raw = linesOf(secret).map(line => ({ secret: line }))
  return deliveredAtOnce({ raw, quantity, upstreamId, unitCost: perUnit(amountAt(answer.data, 'amount'), quantity) })
}

export async function query(connection: Connection, { upstreamId }: OrderLookup): Promise<QueryResult> {
  if (upstreamId === null) return unknown('it finds orders only by its own number, which only the answer to the order says')
  const answer = await call(connection, 'commodity/query', { tradeNo: upstreamId })
  if (answer.kind !== 'json') return unknown(answer.detail)
  const secret = answer.ok ? textAt(answer.data, 'secret') : null
  if (!answer.ok) return unknown(answer.says)
  if (secret?.startsWith(APOLOGY) === true) return unknown('paid, and the stock was gone: ask for the money back')
  if (secret === null || secret.startsWith(BY_HAND)) return { kind: 'pending', upstreamId }
  return delivered({ raw: linesOf(secret).map(line => ({ secret: line })), quantity: null, upstreamId, unitCost: null })
}
