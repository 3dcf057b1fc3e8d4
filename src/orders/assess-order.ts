/** Whether an order may be placed at all, and at what price: pure, before any stock or money is looked at. */
import { checkInput, checkSale, type Listing, skuUnavailable } from '../catalog/index.ts'
import { DomainError, invalid, notFound } from '../kit/errors.ts'
import { formatAmount } from '../kit/money.ts'
import { type Price, price } from '../pricing/index.ts'
import { priceChanged } from './errors.ts'
import type { OrderRequest } from './order.ts'

/** The price of a quote that the reseller holds. */
export interface HeldQuote {
  readonly skuId: string
  readonly quantity: number
  readonly unitPrice: bigint
  readonly currency: string
  readonly expiresAt: Date
}

/** Throws: `validation_failed`, `not_found`, `sku_unavailable`, `price_changed`. */
export function assessOrder(request: OrderRequest, listing: Listing, quote: HeldQuote | null, now: Date): Price {
  const { quantity, maxUnitPrice } = request
  checkSale(listing, quantity)
  // Direct top-ups are bought from suppliers; there is no stock to take them from.
  if (listing.kind === 'topup' && listing.offers.length === 0) throw skuUnavailable()
  const errors = checkInput(listing.inputSchema, request.input ?? {})
  if (errors.length > 0) throw new DomainError('validation_failed', 'The input does not fit this SKU.', { errors })
  if (maxUnitPrice !== null && maxUnitPrice.currency !== listing.currency) {
    throw invalid('/maxUnitPrice/currency', `must be ${listing.currency} for this SKU`)
  }
  const found =
    request.quoteId === null ? price({ listing, resellerId: request.resellerId, tier: request.tier, quantity }) : quotedPrice(request, quote, now)
  if (maxUnitPrice !== null && found.unitPrice > maxUnitPrice.amount) {
    throw priceChanged(`The unit price is ${formatAmount(found.unitPrice)} ${found.currency}, above maxUnitPrice. No money moved.`)
  }
  return found
}

function quotedPrice(request: OrderRequest, quote: HeldQuote | null, now: Date): Price {
  if (quote === null) throw notFound('quote')
  if (quote.skuId !== request.skuId) throw invalid('/quoteId', 'is a quote for another SKU')
  if (quote.quantity !== request.quantity) throw invalid('/quoteId', `is a quote for ${quote.quantity}`)
  if (quote.expiresAt <= now) throw priceChanged('The quote has expired. No money moved.')
  return {
    unitPrice: quote.unitPrice,
    total: quote.unitPrice * BigInt(request.quantity),
    currency: quote.currency,
    rule: 'quote',
    parts: []
  }
}
