/** An order of a shop as its protocol shows it, and its cards once there are any. */
import { type DeliveredCard, isDelivered, type Order, type PlaceOrderDeps, readOrder, revealAgain } from '../orders/index.ts'
import type { Caller, FacadeLogin } from './login.ts'
import { findOrderId } from './order-repository.ts'
import { keyOf } from './purchase.ts'

export interface ShownOrder {
  readonly order: Order
  /** Empty while it waits, and after it failed. */
  readonly cards: readonly DeliveredCard[]
}

/** Whatever is shown is logged. */
export async function showOrder(deps: PlaceOrderDeps, { login, requestId }: Caller, order: Order): Promise<ShownOrder> {
  return { order, cards: isDelivered(order.state) ? await revealAgain(deps, order, { apiKeyId: login.keyId, requestId }) : [] }
}

/** By the number that the shop was shown. Null: nobody's, or another reseller's. */
export async function findOrder(deps: PlaceOrderDeps, { login }: Caller, number: string): Promise<Order | null> {
  const orderId = /^[1-9][0-9]{14}$/.test(number) ? await findOrderId(deps.db, login.resellerId, Number(number)) : null
  return orderId === null ? null : await readOrder(deps.db, orderId, login.resellerId)
}

/** By the shop's own number. Null: nothing was bought under it. */
export const findByKey = (deps: PlaceOrderDeps, login: FacadeLogin, requestNo: string): Promise<Order | null> =>
  deps.findReplay({ resellerId: login.resellerId, idempotencyKey: keyOf(login, requestNo) })

/** What it cost in the end: of a part that was delivered, only that part. */
export const chargedOf = ({ state, total, unitPrice, delivered }: Order): bigint =>
  state === 'partially_fulfilled' ? unitPrice * BigInt(delivered ?? 0) : total

/** One card in one line, for protocols that have no place for a number. */
export const lineOf = ({ number, secret }: DeliveredCard): string => (number === null ? secret : `${number}----${secret}`)
