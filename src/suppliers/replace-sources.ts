import { appendChanges, bumpRevision, type Listings } from '../catalog/index.ts'
import type { Db } from '../kit/db/index.ts'
import { notFound } from '../kit/errors.ts'
import type { Money } from '../kit/money.ts'
import { otherCurrency, sourceTwice, supplierUnknown } from './errors.ts'
import { listSources, readSuppliers, replaceSourceRows } from './repository.ts'
import { type Source, sourceKey } from './source.ts'

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
): Promise<{ sources: Source[]; currency: string }> {
  const listing = await deps.listings.fresh(skuId)
  if (listing === null) throw notFound('SKU')
  const sources = drafts.map(({ unitCost, ...draft }, index) => {
    if (unitCost.currency !== listing.currency) throw otherCurrency(index, listing.currency)
    return { ...draft, skuId, unitCost: unitCost.amount }
  })
  const keys = sources.map(sourceKey)
  const twice = keys.findIndex((key, index) => keys.indexOf(key) < index)
  if (twice >= 0) throw sourceTwice(twice)
  const replaced = await deps.db.tx(async tx => {
    const found = new Set((await readSuppliers(tx, [...new Set(sources.map(source => source.supplierId))])).map(({ id }) => id))
    const missing = sources.findIndex(source => !found.has(source.supplierId))
    if (missing >= 0) throw supplierUnknown(missing)
    // The lock on the SKU's row that this takes keeps two replacements apart.
    await bumpRevision(tx, [skuId])
    await replaceSourceRows(tx, skuId, sources)
    await appendChanges(tx, [{ skuId, kind: 'listing' }])
    return await listSources(tx, skuId)
  })
  deps.listings.invalidate(skuId)
  return { sources: replaced, currency: listing.currency }
}
