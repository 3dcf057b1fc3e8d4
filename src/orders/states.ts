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

/** Fulfilled from own stock at once, or waiting for stock with the money held. */
const TRANSITIONS: Readonly<Partial<Record<OrderState, readonly OrderState[]>>> = {
  received: ['fulfilled', 'backordered'],
  backordered: ['fulfilled', 'cancelled']
}

export const canMove = (from: OrderState, to: OrderState): boolean => TRANSITIONS[from]?.includes(to) === true

/** States that a caller may still cancel from. */
export const isCancellable = (state: OrderState): boolean => canMove(state, 'cancelled')
