import type { OrderLookup, PlaceRequest, PlaceResult, QueryResult, RefusalKind, SupplierProduct } from '../../contract.ts'
import { amountAt, perUnit, toAmount, wireNumber } from '../wire/amount.ts'
import { delivered, type RawCard } from '../wire/delivery.ts'
import type { Exchange } from '../wire/exchange.ts'
import { at, countAt, listAt, textAt, type Wire } from '../wire/json.ts'
import { checkPrice, notPlaced, refused, unknown } from '../wire/verdict.ts'
import { type Connection, call, NO_TOKEN, says } from './client.ts'

/** The codes of refused orders are not documented, but for a bad token. */
const REFUSALS: Readonly<Record<string, RefusalKind>> = { INVALID_TOKEN: 'auth' }

/** `120:5` or `120:5.00`: the product, and the face value that the buyer gets. */
const CODE = /^(\d{1,15}):(\d{1,9}(?:\.\d{1,4})?)$/

/** A value of the map is what its card costs in our currency; the fee comes on top. Discounts are not counted: they only help. */
function costOf(product: Wire, face: bigint): bigint | null {
  const amount = senderAmountOf(product, face)
  return amount === null ? null : amount + (amountAt(product, 'senderFee') ?? 0n)
}

/** Without a map, only a card in our own currency has a price that is known: its value. */
function senderAmountOf(product: Wire, face: bigint): bigint | null {
  const map = at(product, 'fixedRecipientToSenderDenominationsMap') ?? null
  if (map === null) {
    const [ours, theirs] = [textAt(product, 'senderCurrencyCode'), textAt(product, 'recipientCurrencyCode')]
    return ours !== null && ours === theirs ? face : null
  }
  if (typeof map !== 'object') return null
  const entries = (Array.isArray(map) ? map : [map]).flatMap(each => (typeof each === 'object' && each !== null ? Object.entries(each) : []))
  const [, cost] = entries.find(([value]) => toAmount(value) === face) ?? []
  return toAmount(typeof cost === 'string' ? cost : null)
}

export function toProducts(product: Wire): SupplierProduct[] {
  const [id, currency] = [textAt(product, 'productId'), textAt(product, 'senderCurrencyCode')]
  if (id === null || currency === null || textAt(product, 'denominationType') !== 'FIXED') return []
  return (listAt(product, 'fixedRecipientDenominations') ?? []).flatMap(value => {
    const face = textAt(value)
    const unitCost = face === null ? null : costOf(product, toAmount(face) ?? -1n)
    if (face === null || unitCost === null) return []
    return [{ code: `${id}:${face}`, name: `${textAt(product, 'productName') ?? id} ${face}`, unitCost, currency, stock: null, onSale: true }]
  })
}

const askProduct = (connection: Connection, code: string): Promise<Exchange> => call(connection, 'GET', `/products/${CODE.exec(code)?.[1] ?? '0'}`)

function priceIn(reply: Exchange, code: string): { readonly unitCost: bigint; readonly currency: string } | null {
  if (reply.kind !== 'json' || reply.status !== 200) return null
  const unitCost = costOf(reply.body, toAmount(CODE.exec(code)?.[2] ?? null) ?? -1n)
  const currency = textAt(reply.body, 'senderCurrencyCode')
  return unitCost === null || currency === null ? null : { unitCost, currency }
}

export const quote = async (connection: Connection, code: string): Promise<{ readonly unitCost: bigint; readonly currency: string } | null> =>
  CODE.test(code) ? priceIn(await askProduct(connection, code), code) : null

const NOT_FOUND = 404

/** The country of the product, which an order must name; or why nothing is ordered, which is definite: nothing was sent yet. */
async function prepare(connection: Connection, request: PlaceRequest): Promise<string | PlaceResult> {
  if ((await connection.token()).kind === 'denied') return refused('auth', NO_TOKEN)
  const reply = await askProduct(connection, request.productCode)
  if (reply.kind !== 'json') return notPlaced(reply.kind === 'unclear' ? { ...reply, kind: 'not_sent' } : reply, request)
  if (reply.status === NOT_FOUND) return refused('product_unavailable', says(connection, reply.body))
  if (reply.status !== 200) return refused(REFUSALS[textAt(reply.body, 'errorCode') ?? ''] ?? 'rejected', says(connection, reply.body))
  const country = textAt(reply.body, 'country', 'isoName') ?? textAt(reply.body, 'countryCode')
  const objection = request.again === true ? null : checkPrice(reply, priceIn(reply, request.productCode)?.unitCost ?? null, request)
  return objection ?? country ?? refused('rejected', 'its country could not be read, nothing was ordered')
}

export async function place(connection: Connection, request: PlaceRequest): Promise<PlaceResult> {
  const [, productId, face] = CODE.exec(request.productCode) ?? []
  if (productId === undefined || face === undefined) return refused('product_unavailable', 'the product code is not product:face value')
  const country = await prepare(connection, request)
  if (typeof country !== 'string') return request.again === true && country.kind === 'refused' ? unknown(country.detail) : country
  const reply = await call(connection, 'POST', '/orders', {
    productId: Number(productId),
    countryCode: country,
    quantity: request.quantity,
    unitPrice: wireNumber(toAmount(face) ?? 0n),
    customIdentifier: request.reference,
    senderName: connection.senderName
  })
  if (reply.kind !== 'json') return notPlaced(reply, request)
  const upstreamId = textAt(reply.body, 'transactionId')
  if (reply.status < 300 && upstreamId !== null) return { kind: 'accepted', upstreamId }
  const refusal = reply.status < 300 ? undefined : REFUSALS[textAt(reply.body, 'errorCode') ?? '']
  return refusal === undefined ? unknown(says(connection, reply.body)) : refused(refusal, says(connection, reply.body))
}

/** One object or a list of them; the PIN is called `pinCode`, in the schema also `amount`. A card without PIN is its number. */
const cardsIn = (body: Wire): RawCard[] =>
  (listAt(body) ?? [body]).map(card => {
    const [number, pin] = [textAt(card, 'cardNumber'), textAt(card, 'pinCode')]
    return pin === null ? { secret: number } : { number, secret: pin }
  })

async function fulfilled(connection: Connection, order: Wire, upstreamId: string): Promise<QueryResult> {
  const reply = await call(connection, 'GET', `/orders/transactions/${encodeURIComponent(upstreamId)}/cards`)
  if (reply.kind !== 'json') return unknown(reply.detail)
  if (reply.status !== 200) return unknown(says(connection, reply.body))
  const quantity = countAt(order, 'product', 'quantity')
  return delivered({ raw: cardsIn(reply.body), quantity, upstreamId, unitCost: perUnit(amountAt(order, 'amount'), quantity) })
}

/** The list may not be filtered by our number (not documented), so only an empty one means that there is no such order. */
export async function query(connection: Connection, { reference, upstreamId }: OrderLookup): Promise<QueryResult> {
  const filter = `?customIdentifier=${encodeURIComponent(reference)}&size=200`
  const path = upstreamId === null ? `/reports/transactions${filter}` : `/reports/transactions/${encodeURIComponent(upstreamId)}`
  const reply = await call(connection, 'GET', path)
  if (reply.kind !== 'json') return unknown(reply.detail)
  if (reply.status !== 200) return unknown(says(connection, reply.body))
  const rows = upstreamId === null ? (listAt(reply.body, 'content') ?? listAt(reply.body)) : [reply.body]
  const order = rows?.find(row => textAt(row, 'customIdentifier') === reference)
  if (order === undefined) return rows?.length === 0 ? { kind: 'not_found' } : unknown('another order was shown')
  const id = textAt(order, 'transactionId')
  if (id === null) return unknown('an order without a number')
  switch (textAt(order, 'status')) {
    case 'SUCCESSFUL':
      return fulfilled(connection, order, id)
    case 'PENDING':
    case 'PROCESSING':
      return { kind: 'pending', upstreamId: id }
    default:
      return unknown('an order state that is not documented')
  }
}
