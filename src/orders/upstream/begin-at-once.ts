/**
 * Orders that begin to be bought in the transaction that places them: what can be sent right after the commit is written as sent, so that
 * nobody has to look for it, lock it and write it again. What cannot stays reserved, for the next turn.
 */
import type { Tx } from '../../kit/db/index.ts'
import { type Connections, type FindAdapter, type Offer, readBuyableSources } from '../../suppliers/index.ts'
import type { OrderCandidate, Placement } from '../order.ts'
import type { Slots } from './calls.ts'
import { decidePurchase, type Market, type NewAttempt, type Purchase, type PurchaseOrder } from './decide-purchase.ts'
import type { Measures } from './measures.ts'
import { toOffers } from './offers.ts'
import { insertAttempts } from './repository.ts'
import { slotTaker } from './slots.ts'

export interface BeginDeps {
  readonly findAdapter: FindAdapter
  readonly connections: Pick<Connections, 'isHealthy'>
  readonly measures: Pick<Measures, 'of'>
  /** After the commit. */
  readonly onBegun: (purchases: readonly Purchase[]) => void
  /** After the commit: orders were left for the next turn. */
  readonly onLeft: () => void
}

/** For one batch of orders. Its transaction may run several times: `look` begins anew. */
export interface Beginning {
  /** Started with the first statements of the transaction. */
  look(tx: Tx, candidates: readonly OrderCandidate[]): Promise<void>
  /** The placement as it is then; `hasStock`: some of its units may be filled by own stock, which comes first. */
  begin(placement: Placement, hasStock: boolean): Placement
  write(tx: Tx): Promise<void>
  committed(): void
}

/** Before the transaction. Null: this process does not send. */
export type BeginPurchases = (candidates: readonly OrderCandidate[]) => Promise<Beginning | null>

export function createBeginning(deps: BeginDeps, { wants }: Slots): Beginning {
  let market: Omit<Market, 'offers'>
  let offers: ReadonlyMap<string, readonly Offer[]>
  let begun: Purchase[] = []
  let isLeft = false
  return {
    look: async (tx, candidates) => {
      begun = []
      isLeft = false
      market = { isHealthy: deps.connections.isHealthy, measureOf: deps.measures.of, takeSlot: slotTaker(wants, () => undefined) }
      offers = toOffers(deps.findAdapter, await readBuyableSources(tx, [...new Set(candidates.flatMap(each => (each.reserve ? [each.skuId] : [])))]))
    },
    begin: (placement, hasStock) => {
      if (placement.state !== 'reserved') return placement
      const order = toPurchaseOrder(placement)
      const decision = hasStock ? null : decidePurchase(order, [], { ...market, offers: offers.get(order.skuId) ?? [] })
      const attempts = decision?.attempts ?? []
      if (decision === null || attempts.length === 0 || attempts.some(({ leaseMs }) => leaseMs === null)) {
        isLeft = true
        return placement
      }
      begun.push({ order, attempts: [], applied: [], taken: 0, decision })
      return { ...placement, state: 'submitting', reviewAfterMs: Math.max(...attempts.map(reviewAfterMs)) }
    },
    write: tx =>
      insertAttempts(
        tx,
        begun.flatMap(({ decision }) => decision?.attempts ?? [])
      ),
    committed: () => {
      if (begun.length > 0) deps.onBegun(begun)
      if (isLeft) deps.onLeft()
    }
  }
}

const reviewAfterMs = ({ offer }: NewAttempt): number => offer.adapter.capabilities.reviewAfterMs

const toPurchaseOrder = ({ candidate: { id, request, price, skuId, quantity, isTopUp } }: Placement): PurchaseOrder => ({
  id,
  resellerId: request.resellerId,
  reference: request.reference,
  state: 'reserved',
  skuId,
  quantity,
  currency: price.currency,
  unitPrice: price.unitPrice,
  total: price.total,
  isTopUp,
  input: request.input,
  deadlineAt: null,
  fromStock: 0,
  buysFrom: request.backorder ? 0 : null
})
