/** The only mapping between rows, orders and the wire. */
import type { Static } from 'typebox'
import { toApiId } from '../kit/ids.ts'
import { toMoneyText } from '../kit/money.ts'
import type { DeliveredCard, ExistingOrder, Order } from './order.ts'
import type { CardSchema, OrderSchema } from './schemas.ts'
import type { OrderState } from './states.ts'

export interface OrderRow {
  id: string
  reseller_id: string
  idempotency_key: string
  request_hash: Buffer
  reference: string | null
  state: string
  sku_id: string
  quantity: number
  currency: string
  unit_price: string
  total: string
  balance_after: string
  price_rule: string
  reveal: boolean
  metadata: Record<string, string> | null
  created_at: Date
  fulfilled_at: Date | null
  deadline_at: Date | null
  delivered: number | null
}

export function fromRow(row: OrderRow): ExistingOrder {
  return {
    id: row.id,
    resellerId: row.reseller_id,
    idempotencyKey: row.idempotency_key,
    requestHash: row.request_hash,
    reference: row.reference,
    state: row.state as OrderState,
    skuId: row.sku_id,
    quantity: row.quantity,
    currency: row.currency,
    unitPrice: BigInt(row.unit_price),
    total: BigInt(row.total),
    balanceAfter: BigInt(row.balance_after),
    priceRule: row.price_rule as Order['priceRule'],
    reveal: row.reveal,
    metadata: row.metadata,
    createdAt: row.created_at,
    fulfilledAt: row.fulfilled_at,
    deadlineAt: row.deadline_at,
    delivered: row.delivered
  }
}

export function toApiOrder(order: Order): Static<typeof OrderSchema> {
  return {
    id: toApiId('order', order.id),
    reference: order.reference,
    state: order.state,
    skuId: toApiId('sku', order.skuId),
    quantity: order.quantity,
    unitPrice: toMoneyText(order.unitPrice, order.currency),
    total: toMoneyText(order.total, order.currency),
    priceRule: order.priceRule,
    balanceAfter: toMoneyText(order.balanceAfter, order.currency),
    metadata: order.metadata ?? {},
    createdAt: order.createdAt.toISOString(),
    fulfilledAt: order.fulfilledAt?.toISOString() ?? null,
    delivered: order.delivered ?? (order.state === 'fulfilled' ? order.quantity : 0),
    deadline: order.deadlineAt?.toISOString() ?? null
  }
}

export function toApiCard(card: DeliveredCard, kind: 'text' | 'image' | 'link'): Static<typeof CardSchema> {
  return {
    id: toApiId('card', card.id),
    ...(card.number === null ? {} : { number: card.number }),
    secret: card.secret,
    kind,
    ...(card.expiresAt === null ? {} : { expiresAt: card.expiresAt.toISOString() })
  }
}
