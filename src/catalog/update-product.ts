import type { Db } from '../kit/db/index.ts'
import { notFound } from '../kit/errors.ts'
import type { Listings } from './listings.ts'
import type { Product, ProductPatch } from './product.ts'
import { updateProductFields } from './repository.ts'
import { announceProduct } from './stock-repository.ts'

/** Changes what a product says; its SKUs are announced as changed. Throws: `not_found`. */
export async function updateProduct(
  { db, listings }: { db: Db; listings: Listings },
  { productId, patch }: { productId: string; patch: ProductPatch }
): Promise<Product> {
  const product = await db.tx(async tx => {
    const updated = await updateProductFields(tx, productId, patch)
    if (updated === null) throw notFound('product')
    await announceProduct(tx, productId)
    return updated
  })
  listings.invalidateProduct(productId)
  return product
}
