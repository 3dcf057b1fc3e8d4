import type { Db } from '../kit/db/index.ts'
import { notFound } from '../kit/errors.ts'
import type { Listings } from './listings.ts'
import type { Product } from './product.ts'
import { findProduct, switchProduct } from './repository.ts'
import type { SaleState } from './state.ts'
import { announceProduct } from './stock-repository.ts'

/** Takes a product with all its SKUs off sale, or puts it back; nothing happens if it is so already. Throws: `not_found`. */
export async function setProductState(
  { db, listings }: { db: Db; listings: Listings },
  { productId, state }: { productId: string; state: SaleState }
): Promise<Product> {
  const product = await db.tx(async tx => {
    const switched = await switchProduct(tx, productId, state)
    if (switched !== null) await announceProduct(tx, productId)
    return switched ?? (await findProduct(tx, productId))
  })
  if (product === null) throw notFound('product')
  listings.invalidateProduct(productId)
  return product
}
