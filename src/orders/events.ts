/** What resellers are told of an order. Version 1 payloads: fields are only ever added. Never a card, never a cost. */
import { toApiId } from '../kit/ids.ts'
import { toMoneyText } from '../kit/money.ts'
import type { OutboxEvent } from '../kit/outbox.ts'

export type OrderEventType =
  | 'order.fulfilled'
  | 'order.backordered'
  | 'order.cancelled'
  | 'order.partially_fulfilled'
  | 'order.failed'
  | 'order.uncertain'
  | 'order.refunded'

export interface OrderEventFacts {
  readonly id: string
  readonly resellerId: string
  readonly reference: string | null
  readonly skuId: string
  readonly quantity: number
  readonly total: bigint
  readonly currency: string
  /** Of an order that is bought upstream. */
  readonly delivered?: number | null
  readonly deadlineAt?: Date | null
}

export const orderEvent = (type: OrderEventType, order: OrderEventFacts): OutboxEvent => ({
  type,
  resellerId: order.resellerId,
  subjectId: order.id,
  data: {
    orderId: toApiId('order', order.id),
    reference: order.reference,
    skuId: toApiId('sku', order.skuId),
    quantity: order.quantity,
    total: toMoneyText(order.total, order.currency),
    ...(order.delivered === undefined || order.delivered === null ? {} : { delivered: order.delivered }),
    ...(order.deadlineAt ? { deadline: order.deadlineAt.toISOString() } : {})
  }
})
