import type { Tx } from '../kit/db/index.ts'
import type { Amount } from '../kit/money.ts'
import { setBasePrices } from './repository.ts'
import { appendChanges, bumpRevision } from './stock-repository.ts'

/** Sets base prices of SKUs that this transaction has locked, in force for every order that is decided after it, and announces them. */
export async function followPrices(tx: Tx, prices: readonly { readonly skuId: string; readonly price: Amount }[]): Promise<void> {
  if (prices.length === 0) return
  const skuIds = prices.map(({ skuId }) => skuId)
  await Promise.all([
    bumpRevision(tx, skuIds),
    setBasePrices(tx, prices),
    appendChanges(
      tx,
      skuIds.map(skuId => ({ skuId, kind: 'price' }))
    )
  ])
}
