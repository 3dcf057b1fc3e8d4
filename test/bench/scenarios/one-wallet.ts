/** A big bot: every order is paid from one wallet. Once from one SKU, and once from all over the catalog. */
import { contest } from '../contest.ts'
import type { Scenario } from '../scenario.ts'

/** What one bot buys from at a time; each SKU more makes a batch dearer, for the yardstick it is all the same. */
const BASKET_SKUS = 50

export const oneWallet: Scenario = {
  name: 'one-wallet',
  quick: true,
  run: async bench => {
    const hot = await bench.hotShop()
    const many = await bench.manyShop()
    const one = await contest(bench, { name: 'one-wallet', shop: { ...hot, keys: hot.keys.slice(0, 1) }, yardstick: { skus: 1, wallets: 1 } })
    const basket = await contest(bench, {
      name: 'one-wallet-basket',
      shop: { ...many, keys: many.keys.slice(0, 1), skuIds: many.skuIds.slice(0, BASKET_SKUS) },
      yardstick: { skus: BASKET_SKUS, wallets: 1 }
    })
    return {
      ratios: { oneWallet: Math.min(one.comparison.ratio, basket.comparison.ratio) },
      comparisons: [one.comparison, basket.comparison],
      details: { oneSku: one.details, basket: basket.details },
      charts: [...one.charts, ...basket.charts],
      faults: [...one.faults, ...basket.faults]
    }
  }
}
