/** Prices beside a SKU's base price: quantity breaks of it, prices of a tier, prices of one reseller. */
import { invalid } from '../kit/errors.ts'
import type { Amount, Currency, Money } from '../kit/money.ts'
import { checkUnitPrice } from './sku.ts'

/** Every cached listing carries its rows; more would make pricing a search. */
export const PRICE_ROWS_MAX = 1_000

/** At most one of `tier` and `resellerId` is set; with neither, a quantity break of the base price. */
export interface PriceRow {
  readonly tier: string | null
  readonly resellerId: string | null
  readonly minQuantity: number
  readonly unitPrice: Amount
}

export interface PriceDraft extends Omit<PriceRow, 'unitPrice'> {
  readonly unitPrice: Money
}

/** Throws: `validation_failed`. */
export function checkPrices(drafts: readonly PriceDraft[], currency: Currency): PriceRow[] {
  const seen = new Set<string>()
  return drafts.map((draft, index) => {
    const { tier, resellerId, minQuantity, unitPrice } = draft
    if (tier !== null && resellerId !== null) throw invalid(`/${index}`, 'names a tier and a reseller: choose one')
    if (tier === null && resellerId === null && minQuantity === 1) {
      throw invalid(`/${index}/minQuantity`, 'must be above 1: the price of one unit is the price of the SKU itself')
    }
    if (unitPrice.currency !== currency) throw invalid(`/${index}/unitPrice/currency`, `must be ${currency}, the currency of the SKU`)
    checkUnitPrice(unitPrice.amount, `/${index}/unitPrice`)
    const key = JSON.stringify([tier, resellerId, minQuantity])
    if (seen.has(key)) throw invalid(`/${index}`, 'repeats an earlier price for the same buyers and quantity')
    seen.add(key)
    return { tier, resellerId, minQuantity, unitPrice: unitPrice.amount }
  })
}
