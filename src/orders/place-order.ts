/** Places one order: price it, queue it, and answer with what the batch decided. */
import type { Listings } from '../catalog/index.ts'
import type { Allocator } from '../inventory/index.ts'
import type { Db } from '../kit/db/index.ts'
import { type DomainError, overloaded } from '../kit/errors.ts'
import { inProgress, keyReused } from '../kit/idempotency.ts'
import { newId } from '../kit/ids.ts'
import { readQuote } from '../pricing/index.ts'
import type { WalletDirectory } from '../wallet/index.ts'
import { type Assessment, assessOrder } from './assess-order.ts'
import { existingKey } from './decide-batch.ts'
import { insufficientFunds, outOfStock } from './errors.ts'
import type { FindReplay } from './find-replay.ts'
import type { ExistingOrder, OrderCandidate, OrderRequest, PlacedOrder, PlaceOutcome } from './order.ts'
import { type RevealDeps, revealAgain } from './reveal-again.ts'

export interface PlaceOrderDeps extends RevealDeps {
  readonly db: Db
  readonly listings: Listings
  readonly wallets: WalletDirectory
  readonly allocator: Allocator<OrderCandidate, PlaceOutcome>
  readonly findReplay: FindReplay
  /** Keys whose order is under way in this process. */
  readonly inFlight: Map<string, Buffer>
}

export interface PlaceOrderResult extends PlacedOrder {
  readonly replayed: boolean
  readonly cardKind: 'text' | 'image' | 'link'
}

/** A price that changes more often than this while one order waits is a loop, not a market. */
const REPRICE_MAX = 8

/**
 * The same key and content give the same order again, for ever; a refusal leaves no trace, so its key may be used again.
 * Throws: `validation_failed`, `not_found`, `sku_unavailable`, `price_changed`, `out_of_stock`, `insufficient_funds`, `spend_cap_reached`,
 * `reference_taken`, `idempotency_key_reused`, `request_in_progress`, `overloaded`, `dependency_unavailable`.
 */
export async function placeOrder(deps: PlaceOrderDeps, request: OrderRequest): Promise<PlaceOrderResult> {
  const key = existingKey(request.resellerId, request.idempotencyKey)
  const twin = deps.inFlight.get(key)
  if (twin !== undefined) throw twin.equals(request.requestHash) ? inProgress() : keyReused()
  deps.inFlight.set(key, request.requestHash)
  try {
    return await placeOnce(deps, request)
  } finally {
    deps.inFlight.delete(key)
  }
}

async function placeOnce(deps: PlaceOrderDeps, request: OrderRequest): Promise<PlaceOrderResult> {
  const known = deps.listings.get(request.skuId)
  let listing = known instanceof Promise ? await known : known
  for (let attempt = 0; attempt < REPRICE_MAX; attempt++) {
    const quote = request.quoteId === null ? null : await readQuote(deps.db, request.resellerId, request.quoteId)
    const assessment = assessOrder(request, listing, quote, new Date())
    if (assessment.kind === 'refused') return await replayOrThrow(deps, request, assessment.error)
    // A sold-out SKU answers from the counter and never touches its cards.
    if (assessment.listing.available < request.quantity && !request.backorder) return await replayOrThrow(deps, request, outOfStock())
    const candidate = await toCandidate(deps, request, assessment)
    if (candidate.wallet === null && candidate.price.total > 0n) return await replayOrThrow(deps, request, insufficientFunds())
    const outcome = await deps.allocator.submit(candidate)
    switch (outcome.kind) {
      case 'placed':
        return { ...outcome.placed, replayed: false, cardKind: assessment.listing.cardKind }
      case 'existing':
        return await replay(deps, request, outcome.order)
      case 'refused':
        throw outcome.error
      case 'stale':
        listing = await deps.listings.fresh(request.skuId)
    }
  }
  throw overloaded('The price of this SKU keeps changing. Repeat the request with the same key.')
}

async function toCandidate(
  deps: PlaceOrderDeps,
  request: OrderRequest,
  { listing, price }: Extract<Assessment, { kind: 'ok' }>
): Promise<OrderCandidate> {
  const { resellerId } = request
  if (deps.wallets.platform('revenue', price.currency, 0) === undefined) await deps.wallets.ensurePlatform(price.currency)
  let wallet = deps.wallets.find(resellerId, price.currency)
  if (wallet === undefined) {
    await deps.wallets.load([{ resellerId, currency: price.currency }])
    wallet = deps.wallets.find(resellerId, price.currency)
  }
  return { id: newId(), request, skuId: request.skuId, quantity: request.quantity, price, revision: listing.revision, wallet: wallet ?? null }
}

/** What would be refused now may have been placed before: the key decides. */
async function replayOrThrow(deps: PlaceOrderDeps, request: OrderRequest, refusal: DomainError): Promise<PlaceOrderResult> {
  const existing = await deps.findReplay(request)
  if (existing === null) throw refusal
  if (!existing.requestHash.equals(request.requestHash)) throw keyReused()
  return await replay(deps, request, existing)
}

async function replay(deps: PlaceOrderDeps, request: OrderRequest, order: ExistingOrder): Promise<PlaceOrderResult> {
  const cards = await revealAgain(deps, order, { apiKeyId: request.apiKeyId, requestId: request.requestId })
  const listing = await deps.listings.get(order.skuId)
  return { order, cards, replayed: true, cardKind: listing?.cardKind ?? 'text' }
}
