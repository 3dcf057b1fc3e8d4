/** Goods and orders as a Dujiao-Next shop reads them. */
import { crc32 } from 'node:zlib'
import type { Order } from '../../orders/index.ts'
import { toCents } from '../cents.ts'
import { chargedOf, lineOf, type ShownOrder } from '../ended-order.ts'
import type { Goods } from '../goods.ts'
import { NO_LIMIT, type Offer, stockOf } from '../offer.ts'
import { isOver } from '../purchase.ts'

const LOW_STOCK = 20
/** What was bought needs no card. */
const TOPPED_UP = '充值成功'

/** Its text in each language that a shop may be in. */
const localized = (text: string): object => ({ 'zh-CN': text, 'zh-TW': text, 'en-US': text, en: text })

/** A category is a text here; its number is made of the text. */
const categoryId = (name: string): number => (crc32(name) & 0x7fffffff) + 1

export const toCategories = (goods: readonly Goods[]): object[] =>
  [...new Set(goods.map(({ product }) => product.category))]
    .sort()
    .map(name => ({ id: categoryId(name), parent_id: 0, slug: `c-${categoryId(name)}`, name: localized(name), icon: '', sort_order: 0 }))

const stockStatus = (stock: number): string =>
  stock === NO_LIMIT ? 'unlimited' : stock === 0 ? 'out_of_stock' : stock <= LOW_STOCK ? 'low_stock' : 'in_stock'

function toSku({ goods, variant, number }: Offer): object {
  const stock = stockOf(variant)
  const kind = goods.races.size > 0 && variant.race !== '' ? { 类型: variant.race } : {}
  return {
    id: number,
    sku_code: variant.listing.code,
    spec_values: { ...kind, ...variant.options },
    price_amount: toCents(variant.unitPrice),
    stock_status: stockStatus(stock),
    stock_quantity: stock,
    is_active: true
  }
}

/** All offers are of one product. */
export function toProduct(goods: Goods, offers: readonly Offer[]): object {
  const { product, number, variants } = goods
  const [cheapest] = [...variants].sort((a, b) => (a.unitPrice < b.unitPrice ? -1 : 1))
  const form = formOf(goods)
  return {
    id: number,
    slug: `p-${number}`,
    title: localized(product.name),
    description: localized(product.description ?? ''),
    content: {},
    seo_meta: {},
    images: [],
    tags: [],
    price_amount: toCents(cheapest?.unitPrice ?? 0n),
    currency: cheapest?.listing.currency ?? '',
    fulfillment_type: form === null ? 'auto' : 'manual',
    manual_form_schema: form,
    is_active: variants.length > 0,
    category_id: categoryId(product.category),
    skus: offers.map(toSku),
    created_at: product.createdAt.toISOString(),
    updated_at: product.updatedAt.toISOString()
  }
}

function formOf({ variants }: Goods): object | null {
  const schema = variants.find(({ listing }) => listing.inputSchema !== null)?.listing.inputSchema ?? null
  if (schema === null) return null
  const fields = Object.entries(schema.properties).map(([key, { title, enum: options }]) => ({
    key,
    type: options === undefined ? 'text' : 'select',
    required: schema.required?.includes(key) === true,
    label: localized(title ?? key),
    ...(options === undefined ? {} : { options })
  }))
  return { fields }
}

export function statusOf(order: Order): string {
  if (order.state === 'fulfilled' || order.state === 'partially_fulfilled') return 'completed'
  return isOver(order) ? 'canceled' : order.state === 'reserved' || order.state === 'backordered' ? 'paid' : 'fulfilling'
}

export const orderNo = (number: number): string => `KH${number}`

export const toPlaced = (order: Order, number: number): object => ({
  ok: true,
  order_id: number,
  order_no: orderNo(number),
  status: statusOf(order),
  amount: toCents(chargedOf(order)),
  currency: order.currency
})

export function toFulfillment({ order, cards }: ShownOrder): object | null {
  if (statusOf(order) !== 'completed') return null
  return {
    type: 'auto',
    status: 'delivered',
    payload: cards.length === 0 ? TOPPED_UP : cards.map(lineOf).join('\n'),
    delivery_data: null,
    delivered_at: (order.fulfilledAt ?? order.createdAt).toISOString()
  }
}

export function toOrder(shown: ShownOrder, number: number, offer: Offer | null): object {
  const { order } = shown
  const fulfillment = toFulfillment(shown)
  return {
    ...toPlaced(order, number),
    items: [
      {
        product_id: offer?.goods.number ?? 0,
        sku_id: offer?.number ?? 0,
        title: localized(offer?.goods.product.name ?? ''),
        quantity: order.quantity,
        unit_price: toCents(order.unitPrice),
        total_price: toCents(order.total),
        fulfillment_type: 'auto'
      }
    ],
    ...(fulfillment === null ? {} : { fulfillment })
  }
}
