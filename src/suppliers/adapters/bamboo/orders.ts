import type { PlaceRequest, PlaceResult, QueryResult, SupplierProduct } from '../../contract.ts'
import { toAmount, wireNumber } from '../wire/amount.ts'
import { delivered, type RawCard } from '../wire/delivery.ts'
import type { Exchange } from '../wire/exchange.ts'
import { countAt, listAt, textAt, type Wire } from '../wire/json.ts'
import { checkPrice, failed, notPlaced, refused, unknown } from '../wire/verdict.ts'
import { type Connection, call, catalogPath, refusalOf, says, toProducts } from './client.ts'
import { toRequestId } from './request-id.ts'

/** `439685:10` or `439685:10.50`: the product, and the face value that the buyer gets. */
const CODE = /^(\d{1,15}):(\d{1,9}(?:\.\d{1,4})?)$/
const CHECKOUT = '/api/integration/v1.0/orders/checkout'
const ORDERS = '/api/integration/v1.0/orders'
const NOT_FOUND = 404

const askProduct = (connection: Connection, code: string): Promise<Exchange> =>
  call(connection, 'GET', catalogPath(connection, { ProductId: CODE.exec(code)?.[1] ?? '0' }))

const productIn = (reply: Exchange, code: string): SupplierProduct | null =>
  reply.kind !== 'json' || reply.status !== 200
    ? null
    : ((listAt(reply.body, 'items') ?? []).flatMap(toProducts).find(product => product.code === code) ?? null)

export const readProduct = async (connection: Connection, code: string): Promise<SupplierProduct | null> =>
  CODE.test(code) ? productIn(await askProduct(connection, code), code) : null

/** Why nothing is ordered, or null. Nothing was sent yet, so it is definite. */
async function objection(connection: Connection, request: PlaceRequest): Promise<PlaceResult | null> {
  const reply = await askProduct(connection, request.productCode)
  if (reply.kind !== 'json') return notPlaced(reply.kind === 'unclear' ? { ...reply, kind: 'not_sent' } : reply, request)
  if (reply.status !== 200) return refused(refusalOf(reply.status) ?? 'rejected', says(connection, reply.body))
  const product = productIn(reply, request.productCode)
  return product === null ? refused('product_unavailable', 'it is not in the catalog') : checkPrice(reply, product.unitCost, request)
}

export async function place(connection: Connection, request: PlaceRequest): Promise<PlaceResult> {
  const [, productId, face] = CODE.exec(request.productCode) ?? []
  if (productId === undefined || face === undefined) return refused('product_unavailable', 'the product code is not product:face value')
  const why = await objection(connection, request)
  if (why !== null) return request.again === true && why.kind === 'refused' ? unknown(why.detail) : why
  const requestId = toRequestId(request.reference)
  const reply = await call(connection, 'POST', CHECKOUT, {
    RequestId: requestId,
    AccountId: Number(connection.accountId),
    Products: [{ ProductId: Number(productId), Quantity: request.quantity, Value: wireNumber(toAmount(face) ?? 0n) }]
  })
  if (reply.kind !== 'json') return notPlaced(reply, request)
  // The number of their own comes with the first query.
  if (reply.status < 300 && (textAt(reply.body) ?? textAt(reply.body, 'requestId')) === requestId) return { kind: 'accepted', upstreamId: null }
  const refusal = refusalOf(reply.status)
  return refusal === null ? unknown(says(connection, reply.body)) : refused(refusal, says(connection, reply.body))
}

/** A card that has a PIN is shown with its code; one without is its code. */
function toCard(card: Wire): RawCard {
  const [serial, code, pin] = [textAt(card, 'serialNumber'), textAt(card, 'cardCode'), textAt(card, 'pin')]
  const expires = Date.parse(textAt(card, 'expirationDate') ?? '')
  const expiresAt = Number.isNaN(expires) ? null : new Date(expires)
  return pin === null ? { number: serial, secret: code, expiresAt } : { number: code, secret: pin, expiresAt }
}

function cardsOf(body: Wire): { readonly raw: RawCard[]; readonly quantity: number | null } {
  const items = listAt(body, 'items') ?? []
  const quantities = items.map(item => countAt(item, 'quantity'))
  const quantity = quantities.reduce((sum, each) => (sum === null || each === null ? null : sum + each), 0)
  return { raw: items.flatMap(item => (listAt(item, 'cards') ?? []).map(toCard)), quantity }
}

export async function query(connection: Connection, reference: string): Promise<QueryResult> {
  const requestId = toRequestId(reference)
  const reply = await call(connection, 'GET', `${ORDERS}/${requestId}`)
  if (reply.kind !== 'json') return unknown(reply.detail)
  const { body, status } = reply
  if (status === NOT_FOUND) return { kind: 'not_found' }
  if (status !== 200) return unknown(says(connection, body))
  if (textAt(body, 'requestId')?.toLowerCase() !== requestId) return unknown('another order was shown')
  const upstreamId = textAt(body, 'orderId')
  const { raw, quantity } = cardsOf(body)
  switch (textAt(body, 'status')) {
    case 'Succeeded':
      return delivered({ raw, quantity, upstreamId, unitCost: null })
    case 'PartialFailed':
      // What has no code is what failed.
      return delivered({ raw: raw.filter(card => card.secret !== null), quantity, upstreamId, unitCost: null })
    case 'Failed':
      return failed('rejected', says(connection, body))
    case 'Created':
    case 'Processing':
      return { kind: 'pending', upstreamId }
    default:
      return unknown('an order state that is not documented')
  }
}
