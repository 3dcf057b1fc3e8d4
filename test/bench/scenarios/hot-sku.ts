/** The flash sale: 200 resellers, 256 connections, one SKU. */
import { contest } from '../contest.ts'
import { HOT_RESELLERS } from '../options.ts'
import type { Scenario } from '../scenario.ts'
import { tableSizes } from '../table-sizes.ts'

export const hotSku: Scenario = {
  name: 'hot-sku',
  quick: true,
  run: async bench => {
    const shop = await bench.hotShop()
    const { comparison, details, ...rest } = await contest(bench, { name: 'hot-sku', shop, yardstick: { skus: 1, wallets: HOT_RESELLERS } })
    const { databaseUrl } = shop.kahub
    const tables = await tableSizes(databaseUrl, bench.placed.get(databaseUrl) ?? 0)
    return { ratios: { hotSku: comparison.ratio }, comparisons: [comparison], details: { ...details, tables }, ...rest }
  }
}
