import { appendChanges, type Listings } from '../catalog/index.ts'
import type { Db } from '../kit/db/index.ts'
import { notFound } from '../kit/errors.ts'
import type { Currency, Money } from '../kit/money.ts'
import { limitCurrency, markupMissing, markupNotTaken } from './errors.ts'
import { followCosts } from './follow-costs.ts'
import type { Sourcing } from './markup.ts'
import { lockSkus, writeSourcing } from './source-repository.ts'

export interface SourcingDraft extends Omit<Sourcing, 'marginFloor' | 'maxCost'> {
  readonly marginFloor: Money | null
  readonly maxCost: Money | null
}

/** Says by what rule the price of a SKU follows its costs, and what may be paid for a unit; in force at once. Throws: `not_found`, `validation_failed`. */
export async function putSourcing(
  { db, listings }: { readonly db: Db; readonly listings: Listings },
  skuId: string,
  draft: SourcingDraft
): Promise<{ sourcing: Sourcing; currency: Currency }> {
  const put = await db.tx(async tx => {
    const currency = (await lockSkus(tx, [skuId])).get(skuId)
    if (currency === undefined) throw notFound('SKU')
    const sourcing = checkSourcing(draft, currency)
    await writeSourcing(tx, skuId, sourcing)
    await appendChanges(tx, [{ skuId, kind: 'stock' }])
    await followCosts(tx, [skuId])
    return { sourcing, currency }
  })
  listings.invalidate(skuId)
  return put
}

function checkSourcing({ pricing, markup, marginFloor, maxCost }: SourcingDraft, currency: Currency): Sourcing {
  if (pricing === 'own' && markup === null) throw markupMissing()
  if (pricing !== 'own' && markup !== null) throw markupNotTaken()
  if (markup !== null && markup.currency !== null && markup.currency !== currency) throw limitCurrency('/markup', currency)
  if (marginFloor !== null && marginFloor.currency !== currency) throw limitCurrency('/marginFloor/currency', currency)
  if (maxCost !== null && maxCost.currency !== currency) throw limitCurrency('/maxCost/currency', currency)
  return { pricing, markup, marginFloor: marginFloor?.amount ?? 0n, maxCost: maxCost?.amount ?? null }
}
