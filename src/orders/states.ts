/** The order's states. The database repeats the set, and every change is an UPDATE … WHERE state = the old one. */

export const ORDER_STATES = [
  'received',
  'reserved',
  'held',
  'backordered',
  'submitting',
  'submitted',
  'uncertain',
  'review',
  'partially_fulfilled',
  'fulfilled',
  'cancelling',
  'cancelled',
  'failed',
  'refunded',
  'rejected'
] as const

export type OrderState = (typeof ORDER_STATES)[number]

/** From own stock at once; waiting for stock; or bought from a supplier, with the money held in each state that is not final. */
const TRANSITIONS: Readonly<Partial<Record<OrderState, readonly OrderState[]>>> = {
  received: ['fulfilled', 'backordered', 'reserved', 'submitting'],
  backordered: ['fulfilled', 'cancelled', 'reserved'],
  reserved: ['submitting', 'cancelled', 'failed', 'partially_fulfilled', 'fulfilled', 'backordered'],
  submitting: ['submitted', 'uncertain', 'review', 'partially_fulfilled', 'fulfilled', 'failed', 'backordered'],
  submitted: ['submitting', 'uncertain', 'review', 'partially_fulfilled', 'fulfilled', 'failed', 'backordered'],
  uncertain: ['submitting', 'submitted', 'review', 'partially_fulfilled', 'fulfilled', 'failed', 'backordered'],
  review: ['submitting', 'submitted', 'uncertain', 'partially_fulfilled', 'fulfilled', 'failed', 'backordered']
}

export const canMove = (from: OrderState, to: OrderState): boolean => TRANSITIONS[from]?.includes(to) === true

/** Final, with cards or another effect to show. */
export const isDelivered = (state: OrderState): boolean => state === 'fulfilled' || state === 'partially_fulfilled'

/** States that a caller may still cancel from. */
export const isCancellable = (state: OrderState): boolean => canMove(state, 'cancelled')
