/** What 闲管家 may ask of a supply. */
import { checkInput } from '../../catalog/index.ts'
import { readWallet } from '../../wallet/index.ts'
import { addCallback } from '../callback-repository.ts'
import { checkCallbackUrl } from '../callback-url.ts'
import { floorCents } from '../cents.ts'
import { findByKey, showOrder } from '../ended-order.ts'
import { listGoods } from '../goods.ts'
import type { Caller } from '../login.ts'
import { findOffer, type Offer, offersOf, titleOf } from '../offer.ts'
import { numberOrder } from '../order-repository.ts'
import { purchase, type Wanted } from '../purchase.ts'
import { splitSecret } from '../secret.ts'
import type { FacadeDeps, Fields } from '../shop.ts'
import { Refusal } from './refusal.ts'
import { CARDS, TOP_UP, toGoods, toOrder, typeOf } from './to-wire.ts'

const PAGE_SIZE_DEFAULT = 50
const PAGE_SIZE_MAX = 100
const QUANTITY_MAX = 1_000_000
const NUMBER = /^[\x21-\x7e]{1,64}$/

export const openInfo = async ({ login }: Caller): Promise<object> => ({ app_id: Number(splitSecret(login.secrets[0] ?? '').partner?.appId ?? 0) })

export async function userInfo({ db }: FacadeDeps, { login }: Caller): Promise<object> {
  const { available } = await readWallet(db, login.resellerId, login.currency)
  return { balance: Number(floorCents(available)) }
}

const positive = (value: unknown, fallback: number, max: number): number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 ? Math.min(value, max) : fallback

export async function goodsList(deps: FacadeDeps, { login }: Caller, fields: Fields): Promise<object> {
  const { goods_type: type, keyword } = fields
  const page = positive(fields['page_no'] ?? fields['page'], 1, 1_000_000)
  const size = positive(fields['page_size'], PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)
  const word = typeof keyword === 'string' ? keyword.trim().toLowerCase() : ''
  const offers = (await offersOf(deps, await listGoods(deps, login))).filter(
    offer => (typeof type !== 'number' || type === 0 || type === typeOf(offer)) && titleOf(offer).toLowerCase().includes(word)
  )
  return { list: offers.slice((page - 1) * size, page * size).map(toGoods), count: offers.length }
}

async function offerOf(deps: FacadeDeps, { login }: Caller, { goods_no: no, goods_type: type }: Fields): Promise<Offer> {
  const text = typeof no === 'string' || typeof no === 'number' ? String(no) : ''
  const offer = /^[1-9][0-9]{0,14}$/.test(text) ? await findOffer(deps, login, Number(text)) : null
  if (offer === null || (typeof type === 'number' && type !== 0 && type !== typeOf(offer))) throw new Refusal(1100)
  return offer
}

export const goodsDetail = async (deps: FacadeDeps, caller: Caller, fields: Fields): Promise<object> => toGoods(await offerOf(deps, caller, fields))

/** Nobody is told of changes: the list is asked for again. */
export const subscriptions = async (): Promise<object> => ({ list: [], count: 0 })
export const subscribe = async (): Promise<object> => {
  throw new Refusal(1)
}

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
  return toOrder({ order, cards, number, orderNo: requestNo, type })
}

function readOrder({ goods_no: goodsNo, buy_quantity: quantity, biz_content: content = {} }: Fields): OrderFields {
  if (typeof goodsNo !== 'string' && typeof goodsNo !== 'number') throw new Refusal(1201)
  if (typeof quantity !== 'number' || !Number.isInteger(quantity) || quantity < 1 || quantity > QUANTITY_MAX) throw new Refusal(1201)
  if (typeof content !== 'object' || content === null || Array.isArray(content)) throw new Refusal(1201)
  const texts = Object.entries(content).flatMap(([name, value]) => (typeof value === 'string' && value !== '' ? [[name, value] as const] : []))
  if (texts.some(([, value]) => value.includes('\0') || !value.isWellFormed())) throw new Refusal(1201)
  return { goodsNo: String(goodsNo), quantity, content: Object.fromEntries(texts) }
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

export async function orderDetail(deps: FacadeDeps, caller: Caller, { order_no: requestNo }: Fields): Promise<object> {
  const { login } = caller
  const order = typeof requestNo === 'string' && NUMBER.test(requestNo) ? await findByKey(deps, login, requestNo) : null
  if (order === null || typeof requestNo !== 'string') throw new Refusal(1200)
  const number = await numberOrder(deps.db, { orderId: order.id, resellerId: login.resellerId, credentialId: login.keyId, requestNo })
  const listing = await deps.listings.get(order.skuId)
  return toOrder({ ...(await showOrder(deps, caller, order)), number, orderNo: requestNo, type: listing?.kind === 'topup' ? TOP_UP : CARDS })
}
