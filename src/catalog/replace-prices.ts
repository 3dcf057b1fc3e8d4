import { type Db, sqlState } from '../kit/db/index.ts'
import { invalid, notFound } from '../kit/errors.ts'
import type { Listings } from './listings.ts'
import { checkPrices, type PriceDraft, type PriceRow } from './price-rows.ts'
import { lockSku, replacePriceRows } from './repository.ts'
import { appendChanges, bumpRevision } from './stock-repository.ts'

const FOREIGN_KEY_VIOLATION = '23503'

/**
 * Replaces all prices beside the base price, in force for every order that is decided after it.
 * Throws: `not_found`, `validation_failed`.
 */
export async function replacePrices(
  { db, listings }: { db: Db; listings: Listings },
  { skuId, prices }: { skuId: string; prices: readonly PriceDraft[] }
): Promise<{ rows: PriceRow[]; currency: string }> {
  const replaced = await db
    .tx(async tx => {
      const sku = await lockSku(tx, skuId)
      if (sku === null) throw notFound('sku')
      const rows = checkPrices(prices, sku.currency)
      await bumpRevision(tx, [skuId])
      await replacePriceRows(tx, skuId, rows)
      await appendChanges(tx, [{ skuId, kind: 'price' }])
      return { rows, currency: sku.currency }
    })
    .catch((error: unknown) => {
      throw sqlState(error) === FOREIGN_KEY_VIOLATION ? invalid('', 'one of the prices names a reseller that does not exist') : error
    })
  listings.invalidate(skuId)
  return replaced
}
