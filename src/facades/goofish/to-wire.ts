/** Goods and orders as 闲管家 reads them: amounts in cents, times in seconds. */
import type { DeliveredCard, Order } from '../../orders/index.ts'
import { ceilCents } from '../cents.ts'
import { chargedOf, type ShownOrder } from '../ended-order.ts'
import { NO_LIMIT, type Offer, stockOfListing, titleOf } from '../offer.ts'
import { isOver } from '../purchase.ts'

export const TOP_UP = 1
export const CARDS = 2

/** It has no word for goods without a limit. */
const PLENTY = 999_999

export const typeOf = ({ variant }: Offer): number => (variant.listing.kind === 'topup' ? TOP_UP : CARDS)

export function toGoods(offer: Offer): object {
  const { goods, variant, number } = offer
  const stock = stockOfListing(variant.listing)
  return {
    goods_no: String(number),
    goods_type: typeOf(offer),
    goods_name: titleOf(offer),
    price: Number(ceilCents(variant.unitPrice)),
    stock: stock === NO_LIMIT ? PLENTY : stock,
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

export interface NamedOrder extends ShownOrder {
  readonly number: number
  readonly orderNo: string
  readonly type: number
}

export function toOrder({ order, cards, number, orderNo, type }: NamedOrder): object {
  const ended = order.fulfilledAt
  return {
    order_type: type,
    order_no: orderNo,
    out_order_no: outOrderNo(number),
    order_status: statusOf(order),
    order_amount: Number(ceilCents(chargedOf(order))),
    buy_quantity: order.quantity,
    order_time: seconds(order.createdAt),
    ...(ended === null ? {} : { end_time: seconds(ended) }),
    ...(cards.length === 0 ? {} : { card_items: cards.map(toCard) }),
    remark: ''
  }
}
