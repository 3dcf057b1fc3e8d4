/** What is to be done for an order after its attempts moved: buy elsewhere, wait, or close. Pure. */
import { highestCost } from '../../catalog/index.ts'
import { newId } from '../../kit/ids.ts'
import { chooseOffer, type Measure, type Offer, sourceKey } from '../../suppliers/index.ts'
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
  /** What the buyer was asked for, sealed; for top-ups. */
  readonly input: Readonly<Record<string, string>> | null
  readonly deadlineAt: Date | null
  /** Its first positions that own stock filled. */
  readonly fromStock: number
  /** Of an order that may wait for stock: attempts from this ordinal on are of its present try. Null: it may not wait. */
  readonly buysFrom: number | null
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
  readonly measureOf: (supplierId: string) => Measure
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
  /** Units that own stock filled in this transaction. */
  readonly taken: number
  /** Null: the order has ended before, and stays as it is. */
  readonly decision: PurchaseDecision | null
}

/** Positions that nobody brings so far, and that somebody still may. */
export function openPositions(order: PurchaseOrder, attempts: readonly Attempt[]): number[] {
  const taken = new Set(attempts.flatMap(({ units }) => units.filter(unit => unit.state !== 'failed').map(unit => unit.position)))
  return Array.from({ length: order.quantity }, (_, position) => position).filter(position => position >= order.fromStock && !taken.has(position))
}

export function decidePurchase(order: PurchaseOrder, attempts: readonly Attempt[], market: Market): PurchaseDecision {
  const bought = buy(order, attempts, market)
  const delivered = attempts.reduce((sum, { units }) => sum + units.filter(unit => unit.state === 'delivered').length, order.fromStock)
  const live = attempts.filter(attempt => isLive(attempt.state))
  if (bought.length === 0 && live.length === 0) {
    // It goes to those who wait, unless a person gave it up. Only cards can come from elsewhere.
    const waits = order.buysFrom !== null && !order.isTopUp && delivered === 0 && openPositions(order, attempts).length > 0
    if (waits) return { attempts: [], state: 'backordered', delivered, isClosed: false }
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

/** Each source is asked once for an order, for as many as it says it has; what it lacks, the next one may have. */
function buy(order: PurchaseOrder, attempts: readonly Attempt[], market: Market): NewAttempt[] {
  const tried = new Set(attempts.filter(({ ordinal }) => ordinal >= (order.buysFrom ?? 0)).map(sourceKey))
  const wish = { ...market, unitPrice: order.unitPrice, topUp: order.isTopUp, tried }
  const bought: NewAttempt[] = []
  let open = openPositions(order, attempts)
  while (open.length > 0) {
    const offer = chooseOffer(market.offers, wish)
    if (offer === null) break
    tried.add(sourceKey(offer))
    const share = open.slice(0, offer.available ?? open.length)
    open = open.slice(share.length)
    bought.push(...attemptsAt(offer, order, { share, firstOrdinal: attempts.length + bought.length, takeSlot: market.takeSlot }))
  }
  return bought
}

interface Share extends Pick<Market, 'takeSlot'> {
  readonly share: readonly number[]
  readonly firstOrdinal: number
}

/** In the sizes that the supplier takes. */
function attemptsAt(offer: Offer, order: PurchaseOrder, { share, firstOrdinal, takeSlot }: Share): NewAttempt[] {
  const { maxQuantity, referenceMaxLength } = offer.adapter.capabilities
  const size = Math.max(1, maxQuantity)
  return Array.from({ length: Math.ceil(share.length / size) }, (_, index) => {
    const id = newId()
    return {
      id,
      orderId: order.id,
      ordinal: firstOrdinal + index,
      offer,
      reference: referenceOf(id).slice(-referenceMaxLength),
      positions: share.slice(index * size, (index + 1) * size),
      currency: order.currency,
      maxUnitCost: highestCost(offer, order.unitPrice),
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
