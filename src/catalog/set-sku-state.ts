import type { Db } from '../kit/db/index.ts'
import { changeSku } from './change-sku.ts'
import type { Listings } from './listings.ts'
import type { Sku } from './sku.ts'
import type { SaleState } from './state.ts'

/** Takes a SKU off sale, or puts it back; nothing is announced if it is so already. Throws: `not_found`. */
export const setSkuState = async (deps: { db: Db; listings: Listings }, { skuId, state }: { skuId: string; state: SaleState }): Promise<Sku> =>
  await changeSku(deps, skuId, before => ({ ...before, state }))
