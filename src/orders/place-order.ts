/** Places one order: price it, queue it, and answer with what the batch decided. */
import { canFill, LISTING_MAX_AGE_MS, type Listing, type Listings } from '../catalog/index.ts'
import type { Allocator } from '../inventory/index.ts'
import type { Db } from '../kit/db/index.ts'
import { assertNever, DomainError, notFound, overloaded } from '../kit/errors.ts'
import { inProgress, keyReused } from '../kit/idempotency.ts'
import { newId } from '../kit/ids.ts'
import { insufficientFunds } from '../ledger/index.ts'
import { readQuote } from '../pricing/index.ts'
import type { WalletDirectory } from '../wallet/index.ts'
import { assessOrder } from './assess-order.ts'
import { existingKey } from './decide-batch.ts'
import { outOfStock } from './errors.ts'
import type { FindReplay } from './find-replay.ts'
import type { ExistingOrder, OrderCandidate, OrderRequest, PlacedOrder, PlaceOutcome } from './order.ts'
import type { OrderInputs } from './order-input.ts'
import { type RevealDeps, revealAgain } from './reveal-again.ts'

export interface PlaceOrderDeps extends RevealDeps {
  readonly db: Db
  readonly listings: Listings
  readonly wallets: WalletDirectory
  readonly allocator: Allocator<OrderCandidate, PlaceOutcome>
  readonly findReplay: FindReplay
  /** Keys whose order is under way in this process. */
  readonly inFlight: Map<string, Buffer>
  readonly intake: Intake
  readonly inputs: Pick<OrderInputs, 'seal'>
}

/** Whether new orders are taken at all. */
export interface Intake {
  /** Why not; null: they are. */
  refusal(): DomainError | null
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
  const stopped = deps.intake.refusal()
  if (stopped !== null) return await replayOrThrow(deps, request, stopped)
  const known = deps.listings.offer(request.skuId)
  let listing = known instanceof Promise ? await known : known
  for (let attempt = 0; attempt < REPRICE_MAX; attempt++) {
    let offer = await toOffer(deps, request, listing, attempt > 0)
    if (offer instanceof DomainError && listing !== null && isDated(listing)) {
      // It may be in stock again, or cost less.
      listing = await deps.listings.get(request.skuId)
      offer = await toOffer(deps, request, listing, attempt > 0)
    }
    if (offer instanceof DomainError) return await replayOrThrow(deps, request, offer)
    const outcome = await deps.allocator.submit(offer.candidate)
    switch (outcome.kind) {
      case 'placed':
        return { ...outcome.placed, replayed: false, cardKind: offer.listing.cardKind }
      case 'existing':
        return await replay(deps, request, outcome.order)
      case 'refused':
        throw outcome.error
      case 'stale':
        listing = await deps.listings.fresh(request.skuId)
        break
      default:
        assertNever(outcome)
    }
  }
  throw overloaded('The price of this SKU keeps changing. Repeat the request with the same key.')
}

interface Offer {
  readonly listing: Listing
  readonly candidate: OrderCandidate
}

const isDated = ({ readAt }: Listing): boolean => performance.now() - readAt > LISTING_MAX_AGE_MS

/** The candidate for the allocator, or why there is none. */
async function toOffer(deps: PlaceOrderDeps, request: OrderRequest, listing: Listing | null, again: boolean): Promise<Offer | DomainError> {
  if (listing === null) return notFound('SKU')
  const quote = request.quoteId === null ? null : await readQuote(deps.db, request.resellerId, request.quoteId)
  try {
    const price = assessOrder(request, listing, quote, new Date())
    // A sold-out SKU answers from the counter and never touches its cards.
    const short = listing.available < request.quantity
    const sourced = request.ownStockOnly !== true && canFill(listing, price.unitPrice, request.quantity)
    if (short && !request.backorder && !sourced) return outOfStock()
    const known = findWallet(deps, request.resellerId, price.currency)
    const wallet = known instanceof Promise ? await known : known
    if (wallet === null && price.total > 0n) return insufficientFunds()
    const { skuId, quantity, input } = request
    const { revision, kind } = listing
    const id = newId()
    const stored = input === null ? request : { ...request, input: deps.inputs.seal(id, input) }
    const reserve = sourced && (short || again)
    return { listing, candidate: { id, request: stored, skuId, quantity, price, revision, sourced, reserve, isTopUp: kind === 'topup', wallet } }
  } catch (error) {
    if (error instanceof DomainError) return error
    throw error
  }
}

/** At once when it is cached, as it is for every reseller that has ordered before. */
function findWallet({ wallets }: PlaceOrderDeps, resellerId: string, currency: string): OrderCandidate['wallet'] | Promise<OrderCandidate['wallet']> {
  const known = wallets.find(resellerId, currency)
  if (known !== undefined && wallets.platform('revenue', currency, 0) !== undefined) return known
  return Promise.all([wallets.load([{ resellerId, currency }]), wallets.ensurePlatform(currency)]).then(
    () => wallets.find(resellerId, currency) ?? null
  )
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
