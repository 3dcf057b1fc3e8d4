/** A SKU as it is sold: all that a price, an order or a shop window needs, of one moment. */
import { invalid } from '../kit/errors.ts'
import type { Amount, Currency } from '../kit/money.ts'
import { skuUnavailable } from './errors.ts'
import type { InputSchema } from './input-schema.ts'
import type { PriceRow } from './price-rows.ts'
import type { ProductKind } from './product.ts'
import type { CardKind } from './sku.ts'

export interface Listing {
  readonly skuId: string
  readonly productId: string
  readonly code: string
  readonly name: string
  readonly kind: ProductKind
  readonly currency: Currency
  readonly price: Amount
  readonly prices: readonly PriceRow[]
  readonly minQuantity: number
  readonly maxQuantity: number
  readonly cardKind: CardKind
  readonly inputSchema: InputSchema | null
  readonly instructions: string | null
  /** The SKU and its product are active. */
  readonly onSale: boolean
  /** Differs whenever anything above may differ. */
  readonly revision: bigint
  /** What can be bought from suppliers when own stock is short. */
  readonly offers: readonly SourceOffer[]
  /** What of a price must be left after the cost of a unit. */
  readonly marginFloor: Amount
  /** Nothing is bought above it; null: no such limit. */
  readonly maxCost: Amount | null
  /** Own stock. A hint: only the counter under the lock decides. */
  readonly available: number
  readonly lowStockThreshold: number
  /** `performance.now()` before it was read. */
  readonly readAt: number
}

/** An enabled source of an active supplier that has it on sale. */
export interface SourceOffer {
  readonly unitCost: Amount
  /** As the supplier last said; null: it does not say. */
  readonly available: number | null
}

export type CostLimits = Pick<Listing, 'marginFloor' | 'maxCost'>

/** The most that a unit sold at this price may cost. */
export function highestCost({ marginFloor, maxCost }: CostLimits, unitPrice: Amount): Amount {
  const left = unitPrice - marginFloor
  return maxCost !== null && maxCost < left ? maxCost : left
}

/** What sources can bring for units that are sold at this price. `isOpen`: one of them does not say how much it has. */
export function supplyAt(listing: Pick<Listing, 'offers'> & CostLimits, unitPrice: Amount): { readonly available: number; readonly isOpen: boolean } {
  if (listing.offers.length === 0) return NO_SUPPLY
  const limit = highestCost(listing, unitPrice)
  const possible = listing.offers.filter(({ unitCost }) => unitCost <= limit)
  const known = possible.reduce((sum, { available }) => sum + (available ?? 0), 0)
  return { available: Math.min(known, SUPPLY_MAX), isOpen: possible.some(({ available }) => available === null) }
}

const NO_SUPPLY = { available: 0, isOpen: false } as const
/** With own stock beside it, the sum is still a 32-bit integer. */
const SUPPLY_MAX = 1_000_000_000

/** Could own stock and sources together fill an order at this price? */
export function canFill(listing: Pick<Listing, 'offers' | 'available'> & CostLimits, unitPrice: Amount, quantity: number): boolean {
  const { available, isOpen } = supplyAt(listing, unitPrice)
  return isOpen || (available > 0 && listing.available + available >= quantity)
}

export type ListingData = Omit<Listing, 'readAt'>

/** May this many be ordered or quoted? Throws: `sku_unavailable`, `validation_failed`. */
export function checkSale(listing: Pick<Listing, 'onSale' | 'minQuantity' | 'maxQuantity'>, quantity: number): void {
  if (!listing.onSale) throw skuUnavailable()
  if (quantity < listing.minQuantity || quantity > listing.maxQuantity) {
    throw invalid('/quantity', `must be from ${listing.minQuantity} to ${listing.maxQuantity}`)
  }
}
