import type { Db } from '../kit/db/index.ts'
import { notFound } from '../kit/errors.ts'
import type { Listings } from './listings.ts'
import { findSku, lockSku, saveSku } from './repository.ts'
import { changeKinds, type Sku } from './sku.ts'
import { appendChanges, bumpRevision } from './stock-repository.ts'

/**
 * Replaces a SKU by what `change` makes of it. What resellers see of it makes cached offers stale and is announced, in the
 * same transaction; what they do not see is only saved. Throws: `not_found`, and what `change` throws.
 */
export async function changeSku({ db, listings }: { db: Db; listings: Listings }, skuId: string, change: (before: Sku) => Sku): Promise<Sku> {
  const sku = await db.tx(async tx => {
    const before = await lockSku(tx, skuId)
    if (before === null) throw notFound('sku')
    const after = change(before)
    const kinds = changeKinds(before, after)
    if (kinds.length > 0) await bumpRevision(tx, [skuId])
    await saveSku(tx, after)
    await appendChanges(
      tx,
      kinds.map(kind => ({ skuId, kind }))
    )
    return await findSku(tx, skuId)
  })
  listings.invalidate(skuId)
  if (sku === null) throw notFound('sku')
  return sku
}
