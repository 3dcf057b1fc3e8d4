/** Goods and orders as clients of 卡速售 read them. */
import type { Order } from '../../orders/index.ts'
import { toCents } from '../cents.ts'
import { chargedOf, type ShownOrder } from '../ended-order.ts'
import { NO_LIMIT, type Offer, stockOf, titleOf } from '../offer.ts'
import { isOver } from '../purchase.ts'

const CARDS = 1
const TOP_UP = 2
const ON_SALE = 1
/** It has no word for goods without a limit. */
const PLENTY = 999_999

export function toGoods(offer: Offer): object {
  const { variant, number, goods } = offer
  const { listing } = variant
  const stock = stockOf(variant)
  return {
    id: number,
    goods_name: titleOf(offer),
    goods_type: listing.kind === 'topup' ? TOP_UP : CARDS,
    cate_name: goods.product.category,
    face_value: toCents(variant.unitPrice),
    goods_price: toCents(variant.unitPrice),
    status: ON_SALE,
    stock_num: stock === NO_LIMIT ? PLENTY : stock,
    start_count: listing.minQuantity,
    end_count: listing.maxQuantity,
    goods_info: goods.product.description ?? ''
  }
}

export const toAttach = ({ variant }: Offer): object[] =>
  Object.entries(variant.listing.inputSchema?.properties ?? {}).map(([key, { title, description, enum: options }]) => ({
    title: title ?? key,
    key,
    type: options === undefined ? 'text' : 'select',
    tip: description ?? '',
    options: options ?? []
  }))

const WAITING = 1
const WORKING = 2
const DONE = 3
const CANCELLED = 4
const REFUNDED = 5

/** In part: what was delivered is in the list, the rest of the money came back. */
export function statusOf(order: Order): number {
  if (order.state === 'fulfilled') return DONE
  if (order.state === 'partially_fulfilled') return REFUNDED
  if (isOver(order)) return CANCELLED
  return order.state === 'reserved' || order.state === 'backordered' ? WAITING : WORKING
}

export const toCards = ({ cards }: ShownOrder): object[] =>
  cards.map(({ number, secret }) => ({ card_no: number ?? '', card_password: secret, card_show_type: 1 }))

export const backOf = (order: Order): bigint =>
  isOver(order) ? order.total : order.state === 'partially_fulfilled' ? order.total - chargedOf(order) : 0n

export interface NamedOrder {
  readonly shown: ShownOrder
  readonly number: number
  readonly requestNo: string
  readonly topUp: boolean
}

export const toOrder = ({ shown, number, requestNo, topUp }: NamedOrder): object => ({
  ordersn: String(number),
  external_orderno: requestNo,
  quantity: shown.order.quantity,
  recharge_info: topUp ? [{ n: '充值', v: '', k: 'recharge' }] : [],
  recharge_hints: '',
  status: statusOf(shown.order),
  total_price: toCents(shown.order.total),
  has_back_money: toCents(backOf(shown.order)),
  card_list: toCards(shown)
})
