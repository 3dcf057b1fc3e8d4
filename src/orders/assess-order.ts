/** Whether an order may be placed at all, and at what price: pure, before any stock or money is looked at. */

import type { Listing } from '../catalog/index.ts'
import { type DomainError, invalid, notFound } from '../kit/errors.ts'
import { formatAmount } from '../kit/money.ts'
import { type Price, price } from '../pricing/index.ts'
import { priceChanged, skuUnavailable } from './errors.ts'
import type { OrderRequest } from './order.ts'

/** The price of a quote that the reseller holds. */
export interface HeldQuote {
  readonly skuId: string
  readonly quantity: number
  readonly unitPrice: bigint
  readonly currency: string
  readonly expiresAt: Date
}

export type Assessment =
  | { readonly kind: 'ok'; readonly listing: Listing; readonly price: Price }
  | { readonly kind: 'refused'; readonly error: DomainError }

const refused = (error: DomainError): Assessment => ({ kind: 'refused', error })

/** Refusals: `not_found`, `validation_failed`, `sku_unavailable`, `price_changed`. */
export function assessOrder(request: OrderRequest, listing: Listing | null, quote: HeldQuote | null, now: Date): Assessment {
  if (listing === null) return refused(notFound('SKU'))
  const { quantity, maxUnitPrice } = request
  if (quantity < listing.minQuantity || quantity > listing.maxQuantity) {
    return refused(invalid('/quantity', `must be from ${listing.minQuantity} to ${listing.maxQuantity} for this SKU`))
  }
  if (maxUnitPrice !== null && maxUnitPrice.currency !== listing.currency) {
    return refused(invalid('/maxUnitPrice/currency', `must be ${listing.currency} for this SKU`))
  }
  if (request.input !== null && listing.inputSchema === null) return refused(invalid('/input', 'this SKU takes no input'))
  // Direct top-ups are bought from suppliers; there is no stock to take them from.
  if (!listing.onSale || listing.kind === 'topup') return refused(skuUnavailable())
  const found =
    request.quoteId === null ? price({ listing, resellerId: request.resellerId, tier: request.tier, quantity }) : quotedPrice(request, quote, now)
  if (!('unitPrice' in found)) return refused(found)
  if (maxUnitPrice !== null && found.unitPrice > maxUnitPrice.amount) {
    return refused(priceChanged(`The unit price is ${formatAmount(found.unitPrice)} ${found.currency}, above maxUnitPrice. No money moved.`))
  }
  return { kind: 'ok', listing, price: found }
}

function quotedPrice(request: OrderRequest, quote: HeldQuote | null, now: Date): Price | DomainError {
  if (quote === null) return notFound('quote')
  if (quote.skuId !== request.skuId) return invalid('/quoteId', 'is a quote for another SKU')
  if (quote.quantity !== request.quantity) return invalid('/quoteId', `is a quote for ${quote.quantity}`)
  if (quote.expiresAt <= now) return priceChanged('The quote has expired. No money moved.')
  return {
    unitPrice: quote.unitPrice,
    total: quote.unitPrice * BigInt(request.quantity),
    currency: quote.currency,
    rule: 'quote',
    parts: []
  }
}
