/** What a client of 卡速售 may ask. */
import { checkInput } from '../../catalog/index.ts'
import { parseAmount } from '../../kit/money.ts'
import type { Order } from '../../orders/index.ts'
import { readWallet } from '../../wallet/index.ts'
import { addCallback } from '../callback-repository.ts'
import { checkCallbackUrl } from '../callback-url.ts'
import { floorCents, toCents } from '../cents.ts'
import { findByKey, findOrder, showOrder } from '../ended-order.ts'
import { type Goods, listGoods } from '../goods.ts'
import type { Caller } from '../login.ts'
import { findOffer, type Offer, offersOf, titleOf } from '../offer.ts'
import { numberOrder } from '../order-repository.ts'
import { purchase, type Wanted } from '../purchase.ts'
import { type FacadeDeps, type Fields, readTexts } from '../shop.ts'
import { NO_SUCH_GOODS, Refusal } from './refusal.ts'
import { toAttach, toGoods, toOrder } from './to-wire.ts'

const PAGE_SIZE_DEFAULT = 20
const PAGE_SIZE_MAX = 100
const QUANTITY_MAX = 1_000_000
const NUMBER = /^[\x21-\x2b\x2d-\x7e]{1,64}$/
/** Of one question. */
const ORDERS_MAX = 50

/** Clients write numbers as numbers or as texts. */
function whole(value: unknown): number | null {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value) : ''
  return /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : null
}

export async function userInfo({ db }: FacadeDeps, { login }: Caller): Promise<object> {
  const { available } = await readWallet(db, login.resellerId, login.currency)
  return { balance: toCents(floorCents(available) * 100n), username: login.login }
}

const namesOf = (goods: readonly Goods[]): string[] => [...new Set(goods.map(({ product }) => product.category))].sort()

export const categories = async (deps: FacadeDeps, { login }: Caller): Promise<object> =>
  namesOf(await listGoods(deps, login)).map((name, index) => ({ id: index + 1, pid: 0, cate_name: name }))

export async function goodsList(deps: FacadeDeps, { login }: Caller, fields: Fields): Promise<object> {
  const page = whole(fields['page']) ?? 1
  const size = Math.min(whole(fields['limit']) ?? PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)
  const word = typeof fields['keyword'] === 'string' ? fields['keyword'].trim().toLowerCase() : ''
  const goods = await listGoods(deps, login)
  const category = whole(fields['cate_id'])
  const wanted = category === null ? goods : goods.filter(({ product }) => product.category === namesOf(goods)[category - 1])
  const offers = (await offersOf(deps, wanted)).filter(offer => titleOf(offer).toLowerCase().includes(word))
  return { list: offers.slice((page - 1) * size, page * size).map(toGoods), total: offers.length, page, limit: size }
}

async function offerOf(deps: FacadeDeps, { login }: Caller, id: unknown): Promise<Offer> {
  const number = whole(id)
  const offer = number === null ? null : await findOffer(deps, login, number)
  if (offer === null) throw new Refusal(NO_SUCH_GOODS)
  return offer
}

export const goodsInfo = async (deps: FacadeDeps, caller: Caller, { id }: Fields): Promise<object> => toGoods(await offerOf(deps, caller, id))
export const goodsAttach = async (deps: FacadeDeps, caller: Caller, { id }: Fields): Promise<object> => toAttach(await offerOf(deps, caller, id))

interface OrderFields {
  readonly id: number
  readonly quantity: number
  readonly attach: Readonly<Record<string, string>>
}

export async function buy(deps: FacadeDeps, caller: Caller, fields: Fields): Promise<object> {
  const { external_orderno: requestNo, url = '' } = fields
  if (typeof requestNo !== 'string' || !NUMBER.test(requestNo)) throw new Refusal('请求参数错误：external_orderno')
  const asked = readOrder(fields)
  const callback = typeof url === 'string' && url !== '' ? checkCallbackUrl(url, deps.urlPolicy) : null
  if (url !== '' && callback === null) throw new Refusal('请求参数错误：url')
  const { login, requestId } = caller
  const resolve = async (): Promise<Wanted> => toWanted(await offerOf(deps, caller, asked.id), asked, fields['safe_price'])
  const { order, number } = await purchase(deps, { login, requestId, requestNo, asked, resolve })
  if (callback !== null) await addCallback(deps.db, { orderId: order.id, credentialId: login.keyId, url: callback })
  return { ordersn: String(number), external_orderno: requestNo, total_price: toCents(order.total) }
}

function readOrder({ id, quantity, attach = {} }: Fields): OrderFields {
  const [goods, count] = [whole(id), whole(quantity)]
  if (goods === null) throw new Refusal(NO_SUCH_GOODS)
  if (count === null || count > QUANTITY_MAX) throw new Refusal('请求参数错误：quantity')
  if (typeof attach !== 'object' || attach === null) throw new Refusal('请求参数错误：attach')
  const texts = readTexts({ ...attach })
  if (texts === null) throw new Refusal('请求参数错误：attach')
  return { id: goods, quantity: count, attach: texts }
}

/** Throws: validation_failed. */
function safePriceOf(value: unknown): bigint | null {
  if (value === undefined || value === null || value === '') return null
  return parseAmount(typeof value === 'number' ? String(value) : typeof value === 'string' ? value : '', '/safe_price')
}

function toWanted({ variant: { listing } }: Offer, { quantity, attach }: OrderFields, safePrice: unknown): Wanted {
  if (quantity < listing.minQuantity) throw new Refusal(`请求参数错误：最少购买${listing.minQuantity}个`)
  if (quantity > listing.maxQuantity) throw new Refusal(`请求参数错误：最多购买${listing.maxQuantity}个`)
  const input = Object.keys(attach).length === 0 ? null : attach
  if (checkInput(listing.inputSchema, attach).length > 0) throw new Refusal('请求参数错误：attach')
  return { skuId: listing.skuId, quantity, input, maxUnitPrice: safePriceOf(safePrice) }
}

/** By the shop's numbers or by ours, several at once. What is not found is left out. */
export async function orderInfo(deps: FacadeDeps, caller: Caller, fields: Fields): Promise<object> {
  const own = textsOf(fields['external_orderno'])
  const ours = textsOf(fields['ordersn'])
  if (own.length + ours.length === 0 || own.length + ours.length > ORDERS_MAX) throw new Refusal('请求参数错误')
  const found = await Promise.all([
    ...own.map(no => (NUMBER.test(no) ? findByKey(deps, caller.login, no) : null)),
    ...ours.map(number => findOrder(deps, caller, number))
  ])
  const distinct = new Map(found.flatMap(order => (order === null || !isOfShop(order, caller) ? [] : [[order.id, order]])))
  return await Promise.all([...distinct.values()].map(order => toInfo(deps, caller, order)))
}

const isOfShop = ({ metadata }: Order, { login }: Caller): boolean => metadata?.['facade'] === login.protocol

const textsOf = (value: unknown): string[] =>
  (typeof value === 'string' || typeof value === 'number' ? String(value) : '').split(',').filter(each => each !== '')

async function toInfo(deps: FacadeDeps, caller: Caller, order: Order): Promise<object> {
  const { login } = caller
  const requestNo = order.reference ?? ''
  const number = await numberOrder(deps.db, { orderId: order.id, resellerId: login.resellerId, credentialId: login.keyId, requestNo })
  const listing = await deps.listings.get(order.skuId)
  return toOrder({ shown: await showOrder(deps, caller, order), number, requestNo, topUp: listing?.kind === 'topup' })
}
