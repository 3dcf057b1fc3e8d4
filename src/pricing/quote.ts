/** A price that a reseller was promised. */
import type { Amount, Currency } from '../kit/money.ts'
import type { Price } from './price.ts'

/** Long enough for a buyer to pay in a shop, short enough that the operator's costs do not run away. */
export const QUOTE_HOLD_MS = 600_000
/** An order with a quote that ran out is told so for this long; later there is no such quote. */
export const QUOTE_KEPT_MS = 86_400_000

export interface StoredQuote {
  readonly skuId: string
  readonly quantity: number
  readonly unitPrice: Amount
  readonly currency: Currency
  readonly expiresAt: Date
}

export interface Quote {
  readonly id: string
  readonly skuId: string
  readonly quantity: number
  readonly price: Price
  readonly expiresAt: Date
}
