import type { CancelResult, OrderLookup, PlaceRequest, PlaceResult, QueryResult, RefusalKind, SupplierProduct } from '../../contract.ts'
import { amountAt, perUnit } from '../wire/amount.ts'
import { delivered } from '../wire/delivery.ts'
import { at, countAt, listAt, textAt, type Wire } from '../wire/json.ts'
import { checkPrice, failed, notPlaced, refused, unknown } from '../wire/verdict.ts'
import { type Answer, type Connection, call } from './client.ts'

/** `internal_error` is missing: it may have sold. `payment_failed` comes with HTTP 200, and the order is cancelled. */
const REFUSALS: Readonly<Record<string, RefusalKind>> = {
  missing_auth_headers: 'auth',
  invalid_timestamp: 'auth',
  timestamp_expired: 'auth',
  invalid_signature: 'auth',
  invalid_api_key: 'auth',
  user_disabled: 'auth',
  bad_request: 'invalid_request',
  invalid_callback_url: 'invalid_request',
  sku_unavailable: 'product_unavailable',
  product_unavailable: 'product_unavailable',
  product_not_found: 'product_unavailable',
  insufficient_balance: 'no_funds',
  payment_failed: 'no_funds',
  insufficient_stock: 'out_of_stock'
}

/** `12/34`: the product, because only a product can be read, and the SKU, because only a SKU can be ordered. */
const CODE = /^(\d{1,15})\/(\d{1,15})$/
const NO_LIMIT = '-1'

const nameOf = (title: Wire | undefined): string | null => textAt(title) ?? textAt(title, 'zh-CN') ?? textAt(title, 'en')

export function toProducts(product: Wire | undefined, currency: string): SupplierProduct[] {
  const id = textAt(product, 'id')
  const name = nameOf(at(product, 'title'))
  return (listAt(product, 'skus') ?? []).flatMap(sku => {
    const [skuId, unitCost] = [textAt(sku, 'id'), amountAt(sku, 'price_amount')]
    if (id === null || skuId === null || unitCost === null) return []
    const stock = textAt(sku, 'stock_quantity') === NO_LIMIT ? null : countAt(sku, 'stock_quantity')
    const onSale = at(product, 'is_active') === true && at(sku, 'is_active') === true
    return [
      { code: `${id}/${skuId}`, name: [name, textAt(sku, 'sku_code')].filter(each => each !== null).join(' '), unitCost, currency, stock, onSale }
    ]
  })
}

const askProduct = (connection: Connection, code: string): Promise<Answer> => call(connection, 'GET', `/products/${CODE.exec(code)?.[1] ?? '0'}`)

const findSku = (answer: Answer, code: string, currency: string): SupplierProduct | null =>
  answer.kind === 'json' && answer.ok ? (toProducts(at(answer.body, 'product'), currency).find(each => each.code === code) ?? null) : null

export const readProduct = async (connection: Connection, code: string): Promise<SupplierProduct | null> =>
  CODE.test(code) ? findSku(await askProduct(connection, code), code, connection.currency) : null

/** There is no price guard, so the price is read first. Nothing is ordered yet: any answer is definite. */
async function objectTo(connection: Connection, request: PlaceRequest): Promise<PlaceResult | null> {
  const answer = await askProduct(connection, request.productCode)
  if (answer.kind === 'json' && !answer.ok) return refused(REFUSALS[answer.error] ?? 'rejected', answer.says)
  return checkPrice(answer, findSku(answer, request.productCode, connection.currency)?.unitCost ?? null, request)
}

export async function place(connection: Connection, request: PlaceRequest): Promise<PlaceResult> {
  const { reference, productCode, quantity, input, notifyUrl } = request
  const [, , skuId] = CODE.exec(productCode) ?? []
  if (skuId === undefined) return refused('product_unavailable', 'the product code is not product/SKU')
  const objection = request.again === true ? null : await objectTo(connection, request)
  if (objection !== null) return objection
  const answer = await call(connection, 'POST', '/orders', {
    sku_id: Number(skuId),
    quantity,
    downstream_order_no: reference,
    ...(input === null ? {} : { manual_form_data: input }),
    ...(notifyUrl === null ? {} : { callback_url: notifyUrl })
  })
  if (answer.kind !== 'json') return notPlaced(answer, request)
  const orderId = textAt(answer.body, 'order_id')
  if (answer.ok && orderId !== null) return { kind: 'accepted', upstreamId: orderId }
  const refusal = answer.ok ? undefined : REFUSALS[answer.error]
  return refusal === undefined ? unknown(answer.says) : refused(refusal, answer.says)
}

function fulfilled(order: Wire, upstreamId: string): QueryResult {
  const payload = textAt(order, 'fulfillment', 'payload')
  if (payload === null) return { kind: 'pending', upstreamId }
  const items = listAt(order, 'items') ?? []
  const quantity = items.reduce((sum, item) => sum + (countAt(item, 'quantity') ?? 0), 0) || null
  const lines = payload.split(/\r?\n/).filter(line => line.trim() !== '')
  // What a person typed in several lines may be one card: a person must say.
  if (textAt(order, 'fulfillment', 'type') === 'manual' && lines.length !== quantity) return unknown('delivered by hand, not one line a card')
  return delivered({ raw: lines.map(secret => ({ secret })), quantity, upstreamId, unitCost: perUnit(amountAt(order, 'amount'), quantity) })
}

export async function query(connection: Connection, { upstreamId }: OrderLookup): Promise<QueryResult> {
  if (upstreamId === null || !/^\d{1,15}$/.test(upstreamId)) return unknown('it finds orders only by its own number; place the same reference again')
  const answer = await call(connection, 'GET', `/orders/${upstreamId}`)
  if (answer.kind !== 'json') return unknown(answer.detail)
  if (!answer.ok || textAt(answer.body, 'order_id') !== upstreamId) return unknown(answer.says)
  switch (textAt(answer.body, 'status')) {
    case 'pending_payment':
    case 'paid':
    case 'fulfilling':
    case 'partially_delivered':
      return { kind: 'pending', upstreamId }
    case 'delivered':
    case 'completed':
      return fulfilled(answer.body, upstreamId)
    case 'canceled':
      return textAt(answer.body, 'fulfillment', 'payload') === null ? failed('rejected', 'cancelled') : unknown('cancelled, and shows cards')
    default:
      return unknown('an order state that is not documented')
  }
}

export async function cancel(connection: Connection, { upstreamId }: OrderLookup): Promise<CancelResult> {
  if (upstreamId === null || !/^\d{1,15}$/.test(upstreamId)) return unknown('its own number is not known')
  const answer = await call(connection, 'POST', `/orders/${upstreamId}/cancel`)
  if (answer.kind !== 'json') return unknown(answer.detail)
  if (answer.ok && textAt(answer.body, 'status') === 'canceled') return { kind: 'cancelled' }
  return answer.error === 'cancel_not_allowed' ? { kind: 'refused', detail: answer.says } : unknown(answer.says)
}
