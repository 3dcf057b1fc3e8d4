import type { Db } from '../kit/db/index.ts'
import { newId } from '../kit/ids.ts'
import type { Product, ProductDraft } from './product.ts'
import { insertProduct } from './repository.ts'

/** Adds an active product without SKUs. Throws: nothing of its own. */
export const createProduct = async (db: Db, draft: ProductDraft): Promise<Product> => await db.tx(tx => insertProduct(tx, { ...draft, id: newId() }))
