/** What 闲管家 may ask of a supply. */
import { checkInput } from '../../catalog/index.ts'
import type { Order } from '../../orders/index.ts'
import { readWallet } from '../../wallet/index.ts'
import { addCallback } from '../callback-repository.ts'
import { checkCallbackUrl } from '../callback-url.ts'
import { floorCents } from '../cents.ts'
import { findByKey, findOrder, showOrder } from '../ended-order.ts'
import { listGoods } from '../goods.ts'
import type { Caller } from '../login.ts'
import { numbersOf } from '../number-repository.ts'
import { findOffer, type Offer, offersOf, titleOf } from '../offer.ts'
import { numberOrder } from '../order-repository.ts'
import { purchase, type Wanted } from '../purchase.ts'
import { splitSecret } from '../secret.ts'
import { type FacadeDeps, type Fields, readTexts } from '../shop.ts'
import { Refusal } from './refusal.ts'
import { CARDS, numberIn, pageOf, TOP_UP, toGoods, toOrder, typeOf } from './to-wire.ts'

const QUANTITY_MAX = 1_000_000
const NUMBER = /^[\x21-\x7e]{1,64}$/

/** Nothing is bought at a loss here, and a card that was shown does not come back. */
const FEATURES = { is_support_order_refund: false, is_support_goods_notify: true, is_support_loss_purchase: false }

export const openInfo = async ({ login }: Caller): Promise<object> => ({
  app_id: Number(splitSecret(login.secrets[0] ?? '').partner?.appId ?? 0),
  features: FEATURES
})

export async function userInfo({ db }: FacadeDeps, { login }: Caller): Promise<object> {
  const { available } = await readWallet(db, login.resellerId, login.currency)
  return { balance: Number(floorCents(available)) }
}

export async function goodsList(deps: FacadeDeps, { login }: Caller, fields: Fields): Promise<object> {
  const { goods_type: type, keyword } = fields
  const word = typeof keyword === 'string' ? keyword.trim().toLowerCase() : ''
  const isMeant = (offer: Offer): boolean => titleOf(offer).toLowerCase().includes(word) || String(offer.number) === word
  const offers = (await offersOf(deps, await listGoods(deps, login))).filter(
    offer => (typeof type !== 'number' || type === 0 || type === typeOf(offer)) && isMeant(offer)
  )
  return { list: pageOf(offers, fields).map(toGoods), count: offers.length }
}

/** Throws Refusal. */
export async function offerOf(deps: FacadeDeps, { login }: Caller, { goods_no: no, goods_type: type }: Fields): Promise<Offer> {
  const text = typeof no === 'string' || typeof no === 'number' ? String(no) : ''
  const offer = /^[1-9][0-9]{0,14}$/.test(text) ? await findOffer(deps, login, Number(text)) : null
  if (offer === null || (typeof type === 'number' && type !== 0 && type !== typeOf(offer))) throw new Refusal(1100)
  return offer
}

export const goodsDetail = async (deps: FacadeDeps, caller: Caller, fields: Fields): Promise<object> => toGoods(await offerOf(deps, caller, fields))

interface OrderFields {
  readonly goodsNo: string
  readonly quantity: number
  readonly content: Readonly<Record<string, string>>
}

export const buyCards = (deps: FacadeDeps, caller: Caller, fields: Fields): Promise<object> => createOrder(deps, caller, fields, CARDS)
export const topUp = (deps: FacadeDeps, caller: Caller, fields: Fields): Promise<object> => createOrder(deps, caller, fields, TOP_UP)

async function createOrder(deps: FacadeDeps, caller: Caller, fields: Fields, type: number): Promise<object> {
  const { order_no: requestNo, notify_url: notify = '' } = fields
  if (typeof requestNo !== 'string' || !NUMBER.test(requestNo)) throw new Refusal(1201)
  const asked = readOrder(fields)
  const callback = typeof notify === 'string' && notify !== '' ? checkCallbackUrl(notify, deps.urlPolicy) : null
  if (notify !== '' && callback === null) throw new Refusal(1201)
  const { login, requestId } = caller
  const resolve = async (): Promise<Wanted> => toWanted(await offerOf(deps, caller, { goods_no: asked.goodsNo, goods_type: type }), asked, fields)
  const { order, cards, number } = await purchase(deps, { login, requestId, requestNo, asked, resolve })
  if (callback !== null) await addCallback(deps.db, { orderId: order.id, credentialId: login.keyId, url: callback })
  return toOrder({ order, cards, number, orderNo: requestNo, topUp: type === TOP_UP })
}

function readOrder({ goods_no: goodsNo, buy_quantity: quantity, biz_content: content = {} }: Fields): OrderFields {
  if (typeof goodsNo !== 'string' && typeof goodsNo !== 'number') throw new Refusal(1201)
  if (typeof quantity !== 'number' || !Number.isInteger(quantity) || quantity < 1 || quantity > QUANTITY_MAX) throw new Refusal(1201)
  if (typeof content !== 'object' || content === null || Array.isArray(content)) throw new Refusal(1201)
  const texts = readTexts({ ...content })
  if (texts === null) throw new Refusal(1201)
  return { goodsNo: String(goodsNo), quantity, content: texts }
}

/** In cents for all of it; absent or 0: any. */
function maxUnitPriceOf(amount: unknown, quantity: number): bigint | null {
  if (amount === undefined || amount === null || amount === 0) return null
  if (typeof amount !== 'number' || !Number.isSafeInteger(amount) || amount < 0) throw new Refusal(1201)
  return (BigInt(amount) * 100n) / BigInt(quantity)
}

function toWanted({ variant: { listing } }: Offer, { quantity, content }: OrderFields, fields: Fields): Wanted {
  if (quantity < listing.minQuantity || quantity > listing.maxQuantity) throw new Refusal(1201)
  const names = Object.keys(listing.inputSchema?.properties ?? {})
  // The account is what goods with one field ask for, whatever the field is called.
  const filled = names.flatMap(name => {
    const value = content[name] ?? (names.length === 1 ? content['account'] : undefined)
    return value === undefined ? [] : [[name, value] as const]
  })
  const input = filled.length === 0 ? null : Object.fromEntries(filled)
  if (checkInput(listing.inputSchema, input ?? {}).length > 0) throw new Refusal(1201)
  return { skuId: listing.skuId, quantity, input, maxUnitPrice: maxUnitPriceOf(fields['max_amount'], quantity) }
}

/** By the shop's number, or by ours when it has none. */
export async function orderDetail(deps: FacadeDeps, caller: Caller, fields: Fields): Promise<object> {
  const { login } = caller
  const order = await orderOf(deps, caller, fields)
  if (order === null || order.metadata?.['facade'] !== login.protocol) throw new Refusal(1200)
  const requestNo = order.reference ?? ''
  const [number, listing, shown, numbers] = await Promise.all([
    numberOrder(deps.db, { orderId: order.id, resellerId: login.resellerId, credentialId: login.keyId, requestNo }),
    deps.listings.get(order.skuId),
    showOrder(deps, caller, order),
    numbersOf(deps.db, [order.skuId])
  ])
  const goods = { goods_no: String(numbers.get(order.skuId) ?? 0), goods_name: listing?.name ?? '' }
  return { ...toOrder({ ...shown, number, orderNo: requestNo, topUp: listing?.kind === 'topup' }), ...goods }
}

async function orderOf(deps: FacadeDeps, caller: Caller, { order_no: own, out_order_no: ours }: Fields): Promise<Order | null> {
  if (typeof own === 'string' && own !== '') return NUMBER.test(own) ? await findByKey(deps, caller.login, own) : null
  return typeof ours === 'string' ? await findOrder(deps, caller, numberIn(ours)) : null
}
