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
  /** Can be bought from a supplier when own stock is short. */
  readonly sourced: boolean
  /** A hint: only the counter under the lock decides. */
  readonly available: number
  readonly lowStockThreshold: number
  /** `performance.now()` before it was read. */
  readonly readAt: number
}

export type ListingData = Omit<Listing, 'readAt'>

/** May this many be ordered or quoted? Throws: `sku_unavailable`, `validation_failed`. */
export function checkSale(listing: Pick<Listing, 'onSale' | 'minQuantity' | 'maxQuantity'>, quantity: number): void {
  if (!listing.onSale) throw skuUnavailable()
  if (quantity < listing.minQuantity || quantity > listing.maxQuantity) {
    throw invalid('/quantity', `must be from ${listing.minQuantity} to ${listing.maxQuantity}`)
  }
}
