/**
 * Who of a batch gets what: pure decisions over rows that the transaction has locked. First come, first served; an order that cannot
 * be paid or filled is refused by itself and changes nothing for its neighbours.
 */
import type { SkuRow } from '../catalog/index.ts'
import type { BatchLane, StoredCard } from '../inventory/index.ts'
import { keyReused } from '../kit/idempotency.ts'
import { type Book, insufficientFunds } from '../ledger/index.ts'
import { chargeDraft, holdDraft } from '../wallet/index.ts'
import { outOfStock, referenceTaken, spendCapReached } from './errors.ts'
import type { ExistingOrder, OrderCandidate, Placement, PlaceOutcome } from './order.ts'

/** What the transaction knows, all of it under lock. */
export interface BatchFacts {
  readonly lanes: readonly BatchLane[]
  readonly skuRows: ReadonlyMap<string, SkuRow>
  readonly book: Book
  /** By `existingKey`. */
  readonly existing: ReadonlyMap<string, ExistingOrder>
  /** `existingKey` of references that are taken. */
  readonly takenReferences: Set<string>
  readonly claimed: ReadonlyMap<string, StoredCard[]>
  /** Spent today by API key, before this batch; changed as orders are placed. */
  readonly spentToday: Map<string, bigint>
  /** The platform account that takes the price, by currency. */
  readonly revenueAccount: (currency: string) => string
}

export type Decision =
  | { readonly kind: 'place'; readonly placement: Placement }
  | { readonly kind: 'answer'; readonly outcome: Exclude<PlaceOutcome, { kind: 'placed' }> }
  /** The fence of the SKU was lost. */
  | { readonly kind: 'again' }

export const existingKey = (resellerId: string, keyOrReference: string): string => `${resellerId}:${keyOrReference}`

export function decideBatch(candidates: readonly OrderCandidate[], facts: BatchFacts): Decision[] {
  const lost = new Set(facts.lanes.filter(lane => !holdsFence(lane, facts.skuRows.get(lane.skuId))).map(lane => lane.skuId))
  const placedKeys = new Set<string>()
  return candidates.map(candidate => {
    if (lost.has(candidate.skuId)) return { kind: 'again' }
    const refusal = objection(candidate, facts, placedKeys)
    if (refusal !== null) return refusal
    const { resellerId, idempotencyKey, reference } = candidate.request
    placedKeys.add(existingKey(resellerId, idempotencyKey))
    if (reference !== null) facts.takenReferences.add(existingKey(resellerId, reference))
    return { kind: 'place', placement: place(candidate, facts) }
  })
}

/** Equality, not order: any newer grant, by whomever, ends this leadership. */
function holdsFence(lane: BatchLane, row: SkuRow | undefined): boolean {
  return lane.mandate.kind !== 'fenced' || row?.fence === lane.mandate.fence
}

/** Why this candidate is not placed, or null. The order of the questions is part of the contract: a known key is answered before all else. */
function objection(candidate: OrderCandidate, facts: BatchFacts, placedKeys: ReadonlySet<string>): Decision | null {
  const { request, price, wallet } = candidate
  const key = existingKey(request.resellerId, request.idempotencyKey)
  const known = facts.existing.get(key)
  if (known !== undefined) {
    return known.requestHash.equals(request.requestHash) ? answer({ kind: 'existing', order: known }) : refuse(keyReused())
  }
  // Its twin is placed in this very batch; the next batch finds it there.
  if (placedKeys.has(key)) return { kind: 'again' }
  if (request.reference !== null && facts.takenReferences.has(existingKey(request.resellerId, request.reference))) return refuse(referenceTaken())
  if (facts.skuRows.get(candidate.skuId)?.revision !== candidate.revision) return answer({ kind: 'stale' })
  if (cardsLeft(candidate, facts) < candidate.quantity) {
    if (!candidate.sourced && !request.backorder) return refuse(outOfStock())
    // Its stock was sold meanwhile: the accounts that a purchase needs are not locked here.
    if (candidate.sourced && !candidate.reserve) return answer({ kind: 'stale' })
  }
  if (passesSpendCap(candidate, facts)) return refuse(spendCapReached())
  if (price.total > 0n && (wallet === null || !facts.book.covers(wallet.wallet, price.total))) return refuse(insufficientFunds())
  return null
}

const answer = (outcome: Exclude<PlaceOutcome, { kind: 'placed' }>): Decision => ({ kind: 'answer', outcome })
const refuse = (error: Extract<PlaceOutcome, { kind: 'refused' }>['error']): Decision => answer({ kind: 'refused', error })
const cardsLeft = (candidate: OrderCandidate, facts: BatchFacts): number => facts.claimed.get(candidate.skuId)?.length ?? 0

function passesSpendCap({ request, price }: OrderCandidate, facts: BatchFacts): boolean {
  if (request.dailySpendCap === null || request.apiKeyId === null) return false
  if (request.spendCurrency !== price.currency) return true
  return (facts.spentToday.get(request.apiKeyId) ?? 0n) + price.total > request.dailySpendCap
}

function place(candidate: OrderCandidate, facts: BatchFacts): Placement {
  const { request, price, wallet, id, quantity } = candidate
  const pool = facts.claimed.get(candidate.skuId) ?? []
  const fulfilled = pool.length >= quantity
  const cards = fulfilled ? pool.splice(0, quantity) : []
  if (request.apiKeyId !== null && request.dailySpendCap !== null) {
    facts.spentToday.set(request.apiKeyId, (facts.spentToday.get(request.apiKeyId) ?? 0n) + price.total)
  }
  if (wallet !== null && price.total > 0n) {
    const movement = { orderId: id, currency: price.currency, amount: price.total }
    facts.book.post(fulfilled ? chargeDraft(movement, wallet, facts.revenueAccount(price.currency)) : holdDraft(movement, wallet))
  }
  const balanceAfter = wallet === null ? 0n : (facts.book.account(wallet.wallet)?.balance ?? 0n)
  return { candidate, state: fulfilled ? 'fulfilled' : candidate.sourced ? 'reserved' : 'backordered', cards, balanceAfter }
}
