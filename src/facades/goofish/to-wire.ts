/** Goods and orders as 闲管家 reads them: amounts in cents, times in seconds. */
import type { DeliveredCard, Order } from '../../orders/index.ts'
import { ceilCents } from '../cents.ts'
import { chargedOf, type ShownOrder } from '../ended-order.ts'
import { NO_LIMIT, type Offer, stockOf, titleOf } from '../offer.ts'
import { isOver } from '../purchase.ts'
import type { Fields } from '../shop.ts'
import type { Variant } from '../variant.ts'

export const TOP_UP = 1
export const CARDS = 2

/** It has no word for goods without a limit. */
const PLENTY = 999_999

export const typeOf = ({ variant }: Offer): number => (variant.listing.kind === 'topup' ? TOP_UP : CARDS)

export function shownStock(variant: Pick<Variant, 'listing' | 'unitPrice'>): number {
  const stock = stockOf(variant)
  return stock === NO_LIMIT ? PLENTY : stock
}

const PAGE_SIZE_DEFAULT = 50
const PAGE_SIZE_MAX = 100

const positive = (value: unknown, fallback: number, max: number): number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 ? Math.min(value, max) : fallback

/** The part of a list that was asked for. */
export function pageOf<T>(all: readonly T[], fields: Fields): readonly T[] {
  const page = positive(fields['page_no'] ?? fields['page'], 1, 1_000_000)
  const size = positive(fields['page_size'], PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)
  return all.slice((page - 1) * size, page * size)
}

export function toGoods(offer: Offer): object {
  const { goods, variant, number } = offer
  return {
    goods_no: String(number),
    goods_type: typeOf(offer),
    goods_name: titleOf(offer),
    price: Number(ceilCents(variant.unitPrice)),
    stock: shownStock(variant),
    status: 1,
    update_time: seconds(goods.product.updatedAt),
    template: templateOf(offer)
  }
}

const templateOf = ({ variant }: Offer): object[] =>
  Object.entries(variant.listing.inputSchema?.properties ?? {}).map(([code, { title, description }]) => ({
    code,
    name: title ?? code,
    desc: description ?? '',
    check: 1
  }))

const seconds = (time: Date): number => Math.floor(time.getTime() / 1_000)

const PROCESSING = 10
const DONE = 20
const FAILED = 30

function statusOf(order: Order): number {
  if (order.state === 'fulfilled' || order.state === 'partially_fulfilled') return DONE
  return isOver(order) ? FAILED : PROCESSING
}

const toCard = ({ number, secret }: DeliveredCard): object => ({ card_no: number ?? '', card_pwd: secret })

const outOrderNo = (number: number): string => `KH${number}`
const OUT_ORDER_NO = /^KH([1-9][0-9]{14})$/

/** The number that it was shown under; empty: it has no such form. */
export const numberIn = (outOrderNo: string): string => OUT_ORDER_NO.exec(outOrderNo)?.[1] ?? ''

export interface NamedOrder extends ShownOrder {
  readonly number: number
  readonly orderNo: string
  readonly topUp: boolean
}

const REMARKS: Readonly<Record<number, string>> = { [FAILED]: '下单失败，款项已退回' }

/** Exactly what the platform's notice has: it refuses what it does not know. */
export function toNotice({ order, cards, number, orderNo, topUp }: NamedOrder): object {
  const status = statusOf(order)
  return {
    order_type: topUp ? TOP_UP : CARDS,
    order_no: orderNo,
    out_order_no: outOrderNo(number),
    order_status: status,
    ...(status === PROCESSING ? {} : { end_time: seconds(order.fulfilledAt ?? new Date()) }),
    ...(cards.length === 0 ? {} : { card_items: cards.map(toCard) }),
    remark: REMARKS[status] ?? ''
  }
}

export const toOrder = (named: NamedOrder): object => ({
  ...toNotice(named),
  order_amount: Number(ceilCents(chargedOf(named.order))),
  buy_quantity: named.order.quantity,
  order_time: seconds(named.order.createdAt)
})
