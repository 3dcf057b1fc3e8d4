/** What is to be done for an order after its attempts moved: buy elsewhere, wait, or close. Pure. */
import { newId } from '../../kit/ids.ts'
import { chooseOffer, highestCost, type Offer, sourceKey } from '../../suppliers/index.ts'
import type { OrderState } from '../states.ts'
import type { Applied } from './apply-outcome.ts'
import { type Attempt, isLive } from './attempt.ts'

/** An order that is bought upstream, under lock. */
export interface PurchaseOrder {
  readonly id: string
  readonly resellerId: string
  readonly reference: string | null
  readonly state: OrderState
  readonly skuId: string
  readonly quantity: number
  readonly currency: string
  readonly unitPrice: bigint
  readonly total: bigint
  readonly isTopUp: boolean
  /** What the buyer was asked for; for top-ups. */
  readonly input: Readonly<Record<string, string>> | null
  readonly deadlineAt: Date | null
}

export interface NewAttempt {
  readonly id: string
  readonly orderId: string
  readonly ordinal: number
  readonly offer: Offer
  readonly reference: string
  readonly positions: readonly number[]
  readonly currency: string
  readonly maxUnitCost: bigint
  /** Whoever decided this sends it, as soon as it is committed, and answers for it so long. Null: somebody has to claim it first. */
  readonly leaseMs: number | null
}

/** The lease of one more call to this supplier, if it can be made right after the commit; then it counts. */
export type TakeSlot = (supplierId: string) => number | null

export interface Market {
  /** All that the SKU can be bought from now. */
  readonly offers: readonly Offer[]
  readonly isHealthy: (supplierId: string) => boolean
  readonly takeSlot: TakeSlot
}

export interface PurchaseDecision {
  readonly attempts: readonly NewAttempt[]
  readonly state: OrderState
  readonly delivered: number
  /** Final: what was not delivered is released. */
  readonly isClosed: boolean
}

/** An order with all that a transaction knows and decides of it. */
export interface Purchase {
  readonly order: PurchaseOrder
  /** As they are after the outcomes. */
  readonly attempts: readonly Attempt[]
  readonly applied: readonly Applied[]
  /** Null: the order has ended before, and stays as it is. */
  readonly decision: PurchaseDecision | null
}

/** Positions that nobody brings so far, and that somebody still may. */
export function openPositions(order: PurchaseOrder, attempts: readonly Attempt[]): number[] {
  const taken = new Set(attempts.flatMap(({ units }) => units.filter(unit => unit.state !== 'failed').map(unit => unit.position)))
  return Array.from({ length: order.quantity }, (_, position) => position).filter(position => !taken.has(position))
}

export function decidePurchase(order: PurchaseOrder, attempts: readonly Attempt[], market: Market): PurchaseDecision {
  const bought = buy(order, attempts, market)
  const delivered = attempts.reduce((sum, { units }) => sum + units.filter(unit => unit.state === 'delivered').length, 0)
  const live = attempts.filter(attempt => isLive(attempt.state))
  if (bought.length === 0 && live.length === 0) {
    const state = delivered === order.quantity ? 'fulfilled' : delivered > 0 ? 'partially_fulfilled' : 'failed'
    return { attempts: [], state, delivered, isClosed: true }
  }
  return { attempts: bought, state: openState(live), delivered, isClosed: false }
}

/** The least clear of its attempts names the order. */
function openState(live: readonly Attempt[]): OrderState {
  const has = (state: Attempt['state']): boolean => live.some(attempt => attempt.state === state)
  if (has('review')) return 'review'
  if (has('unknown')) return 'uncertain'
  return has('submitted') ? 'submitted' : 'submitting'
}

function buy(order: PurchaseOrder, attempts: readonly Attempt[], { offers, isHealthy, takeSlot }: Market): NewAttempt[] {
  const open = openPositions(order, attempts)
  if (open.length === 0) return []
  const tried = new Set(attempts.filter(({ state }) => !isLive(state) && state !== 'succeeded').map(sourceKey))
  const offer = chooseOffer(offers, { unitPrice: order.unitPrice, topUp: order.isTopUp, tried, isHealthy })
  if (offer === null) return []
  const { maxQuantity, referenceMaxLength } = offer.adapter.capabilities
  const size = Math.max(1, maxQuantity)
  return Array.from({ length: Math.ceil(open.length / size) }, (_, index) => {
    const id = newId()
    const positions = open.slice(index * size, (index + 1) * size)
    const reference = referenceOf(id).slice(-referenceMaxLength)
    return {
      id,
      orderId: order.id,
      ordinal: attempts.length + index,
      offer,
      reference,
      positions,
      currency: order.currency,
      maxUnitCost: highestCost(order.unitPrice),
      leaseMs: takeSlot(offer.supplierId)
    }
  })
}

const REFERENCE_LENGTH = 25

/** The id in fewer characters, letters and digits only. Its end is random, so a supplier that takes less still gets a name of its own. */
const referenceOf = (id: string): string =>
  BigInt(`0x${id.replaceAll('-', '')}`)
    .toString(36)
    .padStart(REFERENCE_LENGTH, '0')
