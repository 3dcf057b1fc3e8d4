/** Buying, asking and cancelling. The shop's number buys once; an order that waits says so, and the shop is called when it ends. */
import { checkInput } from '../../catalog/index.ts'
import { addCallback } from '../callback-repository.ts'
import { checkCallbackUrl } from '../callback-url.ts'
import { findOrder, showOrder } from '../ended-order.ts'
import type { Caller } from '../login.ts'
import { numbersOf } from '../number-repository.ts'
import { findOffer, type Offer } from '../offer.ts'
import { isOver, purchase, takeBack, type Wanted } from '../purchase.ts'
import { type FacadeDeps, type Fields, readTexts } from '../shop.ts'
import { Refusal } from './refusal.ts'
import { orderNo, statusOf, toOrder, toPlaced } from './to-wire.ts'

const NUMBER = /^[\x21-\x7e]{1,64}$/
const QUANTITY_MAX = 1_000_000

interface OrderFields {
  readonly skuNumber: number
  readonly quantity: number
  readonly input: Readonly<Record<string, string>> | null
}

/** `signature` stands in for a number that is missing: the same request again, within the minute that it lives, is the same order. */
export async function createOrder(deps: FacadeDeps, caller: Caller, fields: Fields, signature: string): Promise<object> {
  const asked = readOrder(fields)
  const { downstream_order_no: given = '', callback_url: url = '' } = fields
  if (typeof given !== 'string' || (given !== '' && !NUMBER.test(given))) throw new Refusal('bad_request', 'invalid downstream_order_no')
  if (typeof url !== 'string') throw new Refusal('invalid_callback_url', 'invalid callback_url')
  const callback = url === '' ? null : checkCallbackUrl(url, deps.urlPolicy)
  if (url !== '' && callback === null) throw new Refusal('invalid_callback_url', 'invalid callback_url')
  const { login, requestId } = caller
  const requestNo = given === '' ? `unnumbered-${signature}` : given
  const { order, number } = await purchase(deps, { login, requestId, requestNo, asked, resolve: () => resolve(deps, caller, asked) })
  if (callback !== null) await addCallback(deps.db, { orderId: order.id, credentialId: login.keyId, url: callback })
  return toPlaced(order, number)
}

function readOrder({ sku_id: skuNumber, quantity, manual_form_data: form = null }: Fields): OrderFields {
  if (typeof skuNumber !== 'number' || !Number.isSafeInteger(skuNumber)) throw new Refusal('bad_request', 'invalid sku_id')
  if (typeof quantity !== 'number' || !Number.isInteger(quantity) || quantity < 1 || quantity > QUANTITY_MAX) {
    throw new Refusal('bad_request', 'invalid quantity')
  }
  if (form === null) return { skuNumber, quantity, input: null }
  if (typeof form !== 'object' || Array.isArray(form)) throw new Refusal('bad_request', 'invalid manual_form_data')
  const texts = readTexts({ ...form })
  if (texts === null) throw new Refusal('bad_request', 'invalid manual_form_data')
  return { skuNumber, quantity, input: Object.keys(texts).length === 0 ? null : texts }
}

async function resolve(deps: FacadeDeps, { login }: Caller, { skuNumber, quantity, input }: OrderFields): Promise<Wanted> {
  const offer = await findOffer(deps, login, skuNumber)
  if (offer === null) throw new Refusal('sku_unavailable', 'SKU is not available')
  const { listing } = offer.variant
  if (quantity < listing.minQuantity || quantity > listing.maxQuantity) {
    throw new Refusal('bad_request', `quantity must be from ${listing.minQuantity} to ${listing.maxQuantity}`)
  }
  if (checkInput(listing.inputSchema, input ?? {}).length > 0) throw new Refusal('bad_request', 'invalid manual_form_data')
  return { skuId: listing.skuId, quantity, input, maxUnitPrice: null }
}

export async function getOrder(deps: FacadeDeps, caller: Caller, number: string): Promise<object> {
  const order = await findOrder(deps, caller, number)
  if (order === null) throw new Refusal('order_not_found', 'order not found')
  const [shown, offer] = await Promise.all([showOrder(deps, caller, order), offerOf(deps, caller, order.skuId)])
  return toOrder(shown, Number(number), offer)
}

/** Null: it is no longer on sale. */
async function offerOf(deps: FacadeDeps, { login }: Caller, skuId: string): Promise<Offer | null> {
  const number = (await numbersOf(deps.db, [skuId])).get(skuId)
  return number === undefined ? null : await findOffer(deps, login, number)
}

export async function cancelOrder(deps: FacadeDeps, caller: Caller, number: string): Promise<object> {
  const order = await findOrder(deps, caller, number)
  if (order === null) throw new Refusal('order_not_found', 'order not found')
  if (!isOver(order) && !(await takeBack(deps, caller.login, order))) throw new Refusal('cancel_not_allowed', `order is ${statusOf(order)}`)
  return { ok: true, order_id: Number(number), order_no: orderNo(Number(number)), status: 'canceled' }
}
