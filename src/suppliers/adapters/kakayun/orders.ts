import { formatAmount } from '../../../kit/money.ts'
import type { PlaceRequest, PlaceResult, QueryResult, SupplierProduct } from '../../contract.ts'
import { amountAt } from '../wire/amount.ts'
import { chineseRefusal, saysNoSuchOrder } from '../wire/chinese.ts'
import { delivered, fromEither, type RawCard } from '../wire/delivery.ts'
import { countAt, listAt, textAt, type Wire } from '../wire/json.ts'
import { checkPrice, failed, notPlaced, refused, unknown } from '../wire/verdict.ts'
import { type Answer, type Connection, call } from './client.ts'

const ON_SALE = ['1', 'ON_SALE']

/** Systems that speak this protocol beside the original write some names in a second way. */
export function toProduct(row: Wire | undefined, currency: string): SupplierProduct | null {
  const code = textAt(row, 'goodsid') ?? textAt(row, 'goods_id')
  const unitCost = amountAt(row, 'goodsprice') ?? amountAt(row, 'goods_price')
  if (code === null || unitCost === null) return null
  const stock = countAt(row, 'goodsstock') ?? countAt(row, 'stock')
  const onSale = ON_SALE.includes(textAt(row, 'goodsstatus') ?? textAt(row, 'status') ?? '')
  return { code, name: textAt(row, 'goodsname') ?? code, unitCost, currency, stock, onSale }
}

export const readProduct = (connection: Connection, code: string): Promise<Answer> => call(connection, 'goods/details', { goodsid: code })

/** `maxmoney` is seen in clients only, so the price is read first. Nothing is ordered yet: any answer is definite. */
async function objectTo(connection: Connection, request: PlaceRequest): Promise<PlaceResult | null> {
  const answer = await readProduct(connection, request.productCode)
  if (answer.kind === 'json' && !answer.ok) return refused(chineseRefusal(answer.message) ?? 'rejected', answer.says)
  return checkPrice(answer, answer.kind === 'json' ? (toProduct(answer.data, connection.currency)?.unitCost ?? null) : null, request)
}

export async function place(connection: Connection, request: PlaceRequest): Promise<PlaceResult> {
  const { reference, productCode, quantity, maxUnitCost, input } = request
  const attached = Object.values(input ?? {})
  if (attached.length > 1) return refused('invalid_request', 'it takes one input, the account')
  const objection = request.again === true ? null : await objectTo(connection, request)
  if (objection !== null) return objection
  const maxmoney = formatAmount(maxUnitCost * BigInt(quantity))
  const order = { goodsid: productCode, buynum: quantity, attach: attached[0] ?? '', usorderno: reference, maxmoney }
  const answer = await call(connection, 'order/create', order)
  if (answer.kind !== 'json') return notPlaced(answer, request)
  if (answer.ok) return { kind: 'accepted', upstreamId: textAt(answer.data, 'orderno') }
  const refusal = chineseRefusal(answer.message)
  return refusal === null ? unknown(answer.says) : refused(refusal, answer.says)
}

/** The lists and their fields are spelled in two ways. */
const cardsIn = (data: Wire | undefined): RawCard[] =>
  (listAt(data, 'cardlist') ?? listAt(data, 'cards') ?? []).map(card =>
    fromEither(textAt(card, 'card_no') ?? textAt(card, 'cardno'), textAt(card, 'card_pwd') ?? textAt(card, 'cardpwd'))
  )

const NO_REFUND = [null, '0']

export async function query(connection: Connection, reference: string): Promise<QueryResult> {
  const answer = await call(connection, 'order/get', { usorderno: reference })
  if (answer.kind !== 'json') return unknown(answer.detail)
  if (!answer.ok) return saysNoSuchOrder(answer.words) ? { kind: 'not_found' } : unknown(answer.says)
  const { data } = answer
  if (textAt(data, 'usorderno') !== reference) return unknown('another order was shown')
  const upstreamId = textAt(data, 'orderno')
  const raw = cardsIn(data)
  switch (textAt(data, 'status')) {
    case '2':
    case '3':
      return { kind: 'pending', upstreamId }
    case '4':
      return raw.length > 0 ? unknown('failed, and shows cards') : failed('rejected', 'failed')
    case '5':
      if (!NO_REFUND.includes(textAt(data, 'refundstatus'))) return unknown('done, and something of it is refunded')
      return delivered({ raw, quantity: null, upstreamId, unitCost: null })
    default:
      return unknown('an order state that is not documented')
  }
}
