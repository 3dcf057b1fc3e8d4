import { appendChanges, bumpRevision, type Listings } from '../catalog/index.ts'
import type { Db } from '../kit/db/index.ts'
import { notFound } from '../kit/errors.ts'
import type { Currency, Money } from '../kit/money.ts'
import { otherCurrency, sourceTwice, supplierUnknown } from './errors.ts'
import { followCosts } from './follow-costs.ts'
import { readSuppliers } from './repository.ts'
import { type KnownSource, type Source, sourceKey } from './source.ts'
import { listSources, lockSkus, replaceSourceRows } from './source-repository.ts'
import { syncSoon } from './sync/sync-repository.ts'

export interface ReplaceSourcesDeps {
  readonly db: Db
  readonly listings: Listings
}

export type SourceDraft = Omit<Source, 'skuId' | 'unitCost'> & { readonly unitCost: Money }

/** Says anew where a SKU can be bought; what is not named is gone. Throws: `not_found`, `validation_failed`. */
export async function replaceSources(
  deps: ReplaceSourcesDeps,
  skuId: string,
  drafts: readonly SourceDraft[]
): Promise<{ sources: KnownSource[]; currency: string }> {
  const replaced = await deps.db.tx(async tx => {
    const currency = (await lockSkus(tx, [skuId])).get(skuId)
    if (currency === undefined) throw notFound('SKU')
    const sources = checkSources(skuId, currency, drafts)
    const supplierIds = [...new Set(sources.map(source => source.supplierId))]
    const found = new Set((await readSuppliers(tx, supplierIds)).map(({ id }) => id))
    const missing = sources.findIndex(source => !found.has(source.supplierId))
    if (missing >= 0) throw supplierUnknown(missing)
    await bumpRevision(tx, [skuId])
    await replaceSourceRows(tx, skuId, sources)
    await appendChanges(tx, [{ skuId, kind: 'listing' }])
    await followCosts(tx, [skuId])
    await syncSoon(tx, supplierIds)
    return { sources: await listSources(tx, skuId), currency }
  })
  deps.listings.invalidate(skuId)
  return replaced
}

function checkSources(skuId: string, currency: Currency, drafts: readonly SourceDraft[]): Source[] {
  const sources = drafts.map(({ unitCost, ...draft }, index) => {
    if (unitCost.currency !== currency) throw otherCurrency(index, currency)
    return { ...draft, skuId, unitCost: unitCost.amount }
  })
  const keys = sources.map(sourceKey)
  const twice = keys.findIndex((key, index) => keys.indexOf(key) < index)
  if (twice >= 0) throw sourceTwice(twice)
  return sources
}
