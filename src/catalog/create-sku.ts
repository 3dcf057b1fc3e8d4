import type { Db } from '../kit/db/index.ts'
import { notFound } from '../kit/errors.ts'
import { newId } from '../kit/ids.ts'
import { codeTaken, productFull } from './errors.ts'
import { PRODUCT_SKUS_MAX } from './product.ts'
import { countSkusOf, findSku, insertSku } from './repository.ts'
import { checkSku, type Sku, type SkuDraft } from './sku.ts'
import { appendChanges, openStock } from './stock-repository.ts'

/** Adds an active SKU with its stock rows, and announces it. Throws: `validation_failed`, `not_found`, `state_conflict`. */
export async function createSku(db: Db, draft: SkuDraft): Promise<Sku> {
  checkSku(draft)
  return await db.tx(async tx => {
    const siblings = await countSkusOf(tx, draft.productId)
    if (siblings === null) throw notFound('product')
    if (siblings >= PRODUCT_SKUS_MAX) throw productFull(PRODUCT_SKUS_MAX)
    const id = newId()
    if (!(await insertSku(tx, { ...draft, id }))) throw codeTaken()
    await openStock(tx, id)
    await appendChanges(tx, [{ skuId: id, kind: 'listing' }])
    const created = await findSku(tx, id)
    if (created === null) throw new Error('a SKU vanished in its own transaction')
    return created
  })
}
