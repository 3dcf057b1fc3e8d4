import { checkSale, type Listings } from '../catalog/index.ts'
import type { Db } from '../kit/db/index.ts'
import { notFound } from '../kit/errors.ts'
import { newId } from '../kit/ids.ts'
import { type Buyer, price } from './price.ts'
import { QUOTE_HOLD_MS, type Quote } from './quote.ts'
import { insertQuote } from './repository.ts'

export interface QuoteRequest {
  readonly buyer: Buyer
  readonly skuId: string
  readonly quantity: number
}

/**
 * Promises a reseller today's price of a quantity for `QUOTE_HOLD_MS`. Stock is not held.
 * Throws: `not_found`, `sku_unavailable`, `validation_failed`.
 */
export async function createQuote({ db, listings }: { db: Db; listings: Listings }, { buyer, skuId, quantity }: QuoteRequest): Promise<Quote> {
  const listing = await listings.fresh(skuId)
  if (listing === null) throw notFound('sku')
  checkSale(listing, quantity)
  const found = price({ listing, ...buyer, quantity })
  const id = newId()
  const { unitPrice, currency } = found
  const draft = { id, resellerId: buyer.resellerId, skuId, quantity, unitPrice, currency, holdMs: QUOTE_HOLD_MS }
  const expiresAt = await db.tx(tx => insertQuote(tx, draft))
  return { id, skuId, quantity, price: found, expiresAt }
}
