/** The flash sale: 200 resellers, 256 connections, one SKU. */
import { contest } from '../contest.ts'
import { HOT_RESELLERS } from '../options.ts'
import type { Scenario } from '../scenario.ts'

export const hotSku: Scenario = {
  name: 'hot-sku',
  quick: true,
  run: async bench => {
    const { comparison, ...rest } = await contest(bench, {
      name: 'hot-sku',
      shop: await bench.hotShop(),
      yardstick: { skus: 1, wallets: HOT_RESELLERS }
    })
    return { ratios: { hotSku: comparison.ratio }, comparisons: [comparison], ...rest }
  }
}
