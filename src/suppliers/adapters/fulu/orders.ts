import type { PlaceRequest, PlaceResult, QueryResult, SupplierProduct } from '../../contract.ts'
import { amountAt } from '../wire/amount.ts'
import { delivered, fromEither, type RawCard } from '../wire/delivery.ts'
import { countAt, listAt, textAt, type Wire } from '../wire/json.ts'
import { checkPrice, failed, notPlaced, refused, unknown } from '../wire/verdict.ts'
import { type Answer, type Connection, call } from './client.ts'
import { EXISTS, NOT_FOUND, OK, REFUSALS } from './codes.ts'
import { decryptCard, fromBeijingTime } from './sign.ts'

const PRODUCT_ID = /^\d{1,15}$/

export function toProduct(row: Wire | undefined, currency: string): SupplierProduct | null {
  const code = textAt(row, 'product_id')
  const unitCost = amountAt(row, 'purchase_price')
  if (code === null || unitCost === null) return null
  const soldOut = textAt(row, 'stock_status') === '断货'
  return {
    code,
    name: textAt(row, 'product_name') ?? code,
    unitCost,
    currency,
    stock: soldOut ? 0 : null,
    onSale: textAt(row, 'sales_status') === '上架'
  }
}

const askProduct = (connection: Connection, code: string): Promise<Answer> => call(connection, 'goods.info.get', { product_id: code })

export async function readProduct(connection: Connection, code: string): Promise<SupplierProduct | null> {
  const answer = await askProduct(connection, code)
  return answer.kind === 'json' && answer.code === OK ? toProduct(answer.result, connection.currency) : null
}

/** Fulu has no price guard, so the price is read first. Nothing is ordered yet: any answer to that is definite. */
async function objectTo(connection: Connection, request: PlaceRequest): Promise<PlaceResult | null> {
  if (!PRODUCT_ID.test(request.productCode)) return refused('product_unavailable', 'the product code is not a number')
  const answer = await askProduct(connection, request.productCode)
  if (answer.kind === 'json' && answer.code !== OK) return refused(REFUSALS.get(answer.code ?? '') ?? 'rejected', answer.says)
  return checkPrice(answer, answer.kind === 'json' ? (toProduct(answer.result, connection.currency)?.unitCost ?? null) : null, request)
}

export async function place(connection: Connection, request: PlaceRequest): Promise<PlaceResult> {
  const { productCode, quantity, reference, input } = request
  const objection = request.again === true ? null : await objectTo(connection, request)
  if (objection !== null) return objection
  const order = { ...input, product_id: Number(productCode), buy_num: quantity, customer_order_no: reference }
  const answer = await call(connection, input === null ? 'order.card.add' : 'order.direct.add', order)
  if (answer.kind !== 'json') return notPlaced(answer, request)
  if (answer.code === OK) return { kind: 'accepted', upstreamId: textAt(answer.result, 'order_id') }
  if (answer.code === EXISTS) return { kind: 'accepted', upstreamId: null }
  const refusal = REFUSALS.get(answer.code ?? '')
  return refusal === undefined ? unknown(answer.says) : refused(refusal, answer.says)
}

const KINDS = { '0': 'text', '2': 'link' } as const

/** Null: a card that does not open with our secret. A key that is all there is may stand in either field. */
function openCards(rows: readonly Wire[], secret: string): RawCard[] | null {
  const cards = rows.map(row => {
    const [number = null, pwd = null] = ['card_number', 'card_pwd'].map(name => textAt(row, name))
    const opened = pwd === null ? null : decryptCard(pwd, secret)
    const label = number === null ? null : decryptCard(number, secret)
    if ((pwd !== null && opened === null) || (number !== null && label === null)) return null
    const type = textAt(row, 'card_type')
    const kind = type === '0' || type === '2' ? KINDS[type] : undefined
    return { ...fromEither(label, opened), expiresAt: fromBeijingTime(textAt(row, 'card_deadline')), ...(kind === undefined ? {} : { kind }) }
  })
  return cards.every(card => card !== null) ? cards : null
}

const CARD_ORDER = '3'

function fulfilled({ appSecret }: Connection, order: Wire | undefined): QueryResult {
  const upstreamId = textAt(order, 'order_id')
  const rows = listAt(order, 'cards') ?? []
  const isCards = textAt(order, 'order_type') === CARD_ORDER
  if (rows.length === 0) return isCards ? { kind: 'pending', upstreamId } : { kind: 'fulfilled', upstreamId, cards: [], unitCost: null }
  const raw = openCards(rows, appSecret)
  // `order_price` is documented neither as the price of one nor of all.
  return raw === null
    ? unknown('its cards do not open with our secret')
    : delivered({ raw, quantity: countAt(order, 'buy_num'), upstreamId, unitCost: null })
}

export async function query(connection: Connection, reference: string): Promise<QueryResult> {
  const answer = await call(connection, 'order.info.get', { customer_order_no: reference })
  if (answer.kind !== 'json') return unknown(answer.detail)
  if (answer.code === NOT_FOUND) return { kind: 'not_found' }
  if (answer.code !== OK || textAt(answer.result, 'customer_order_no') !== reference) return unknown(answer.says)
  switch (textAt(answer.result, 'order_state')) {
    case 'success':
      return fulfilled(connection, answer.result)
    case 'untreated':
    case 'processing':
      return { kind: 'pending', upstreamId: textAt(answer.result, 'order_id') }
    case 'failed':
      return failed('rejected', 'Fulu failed the order')
    default:
      return unknown('an order state that is not documented')
  }
}
