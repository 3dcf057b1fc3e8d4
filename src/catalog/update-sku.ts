import type { Db } from '../kit/db/index.ts'
import { changeSku } from './change-sku.ts'
import type { Listings } from './listings.ts'
import { applyPatch, type Sku, type SkuPatch } from './sku.ts'

/** Changes the given fields of a SKU. Throws: `not_found`, `validation_failed`. */
export const updateSku = async (deps: { db: Db; listings: Listings }, { skuId, patch }: { skuId: string; patch: SkuPatch }): Promise<Sku> =>
  await changeSku(deps, skuId, before => applyPatch(before, patch))
