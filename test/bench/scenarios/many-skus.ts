/** An ordinary day: every order is of another SKU and another reseller, drawn at random. */
import { contest } from '../contest.ts'
import { MANY_RESELLERS, MANY_SKUS } from '../options.ts'
import type { Scenario } from '../scenario.ts'

export const manySkus: Scenario = {
  name: 'many-skus',
  quick: true,
  run: async bench => {
    const { comparison, ...rest } = await contest(bench, {
      name: 'many-skus',
      shop: await bench.manyShop(),
      yardstick: { skus: MANY_SKUS, wallets: MANY_RESELLERS }
    })
    return { ratios: { manySkus: comparison.ratio }, comparisons: [comparison], ...rest }
  }
}
