/** What is told of a purchase: resellers hear of their order, operators of suppliers that cannot be trusted and of what needs a person. */
import { toApiId } from '../../kit/ids.ts'
import type { OutboxEvent } from '../../kit/outbox.ts'
import { type OrderEventType, orderEvent } from '../events.ts'
import type { OrderState } from '../states.ts'
import type { Applied } from './apply-outcome.ts'
import type { Purchase } from './decide-purchase.ts'

const TOLD: Readonly<Partial<Record<OrderState, OrderEventType>>> = {
  uncertain: 'order.uncertain',
  fulfilled: 'order.fulfilled',
  partially_fulfilled: 'order.partially_fulfilled',
  failed: 'order.failed'
}

/** One that was offered to sources and goes on waiting was told when it began to. */
const FIRST_TRY = 0

export function purchaseEvents({ order, applied, decision }: Purchase): OutboxEvent[] {
  const flags = applied.flatMap(each => [
    ...(each.attempt.duplicates > 0 && each.deliveredUnits < each.attempt.units.length && !each.isLate
      ? [flag('supplier.duplicate_card', each)]
      : []),
    ...(each.isLate ? [flag('supplier.late_delivery', each)] : []),
    ...(each.spare.some(({ state }) => state === 'quarantined') ? [flag('supplier.surplus_cards', each)] : [])
  ])
  if (decision === null || decision.state === order.state) return flags
  const type = decision.state === 'backordered' && order.buysFrom === FIRST_TRY ? 'order.backordered' : TOLD[decision.state]
  const told =
    type === undefined ? [] : [orderEvent(type, { ...order, delivered: decision.delivered, deadlineAt: decision.isClosed ? null : order.deadlineAt })]
  return [...told, ...(decision.state === 'review' ? [review(order.id)] : []), ...flags]
}

const flag = (type: string, { attempt, spare }: Applied): OutboxEvent => ({
  type,
  resellerId: null,
  subjectId: attempt.supplierId,
  data: {
    supplierId: toApiId('supplier', attempt.supplierId),
    orderId: toApiId('order', attempt.orderId),
    duplicates: attempt.duplicates,
    spare: spare.length
  }
})

const review = (orderId: string): OutboxEvent => ({
  type: 'order.review',
  resellerId: null,
  subjectId: orderId,
  data: { orderId: toApiId('order', orderId) }
})
