import { followPrices, UNIT_PRICE_MAX } from '../catalog/index.ts'
import type { Tx } from '../kit/db/index.ts'
import { readCosts } from './cost-repository.ts'
import { followedPrice } from './markup.ts'

/** After sources, their costs or their rules moved, of SKUs that this transaction has locked: prices follow. */
export async function followCosts(tx: Tx, skuIds: readonly string[]): Promise<void> {
  const prices = (await readCosts(tx, skuIds)).flatMap(({ skuId, currency, price, offers, sourcing }) => {
    const followed = followedPrice(offers, sourcing, currency)
    return followed === null || followed === price || followed > UNIT_PRICE_MAX ? [] : [{ skuId, price: followed }]
  })
  await followPrices(tx, prices)
}
