/** After the flash sale: the stock is gone and the crowd keeps asking. Saying no must be far cheaper than selling. */

import type { Bench } from '../bench.ts'
import { roundsChart } from '../charts.ts'
import { ordersPlan, summary, warmUp } from '../contest.ts'
import { checkKahub } from '../correctness.ts'
import { percentile } from '../histogram.ts'
import { type Load, openLoad } from '../load/load.ts'
import { type Faults, ordersSide, runOrders } from '../measure.ts'
import { CONNECTIONS } from '../options.ts'
import { importCards, openShop, type Shop } from '../rig/shop.ts'
import type { Scenario } from '../scenario.ts'
import { compare, type Side } from '../stats.ts'

/** Sold before the storm, so that the dead index entries of a sale are there. */
const SOLD_BEFORE = 10_000
const SOLD_OUT = '409 out_of_stock'

/** A SKU that has just been sold out. */
async function sellOut(bench: Bench, crowd: Shop): Promise<Shop> {
  const { skuIds } = await openShop(crowd.kahub, { skus: 1, resellers: 0 })
  const shop = { ...crowd, skuIds }
  await importCards(shop.kahub.admin, skuIds[0] ?? '', SOLD_BEFORE)
  const load = await openLoad(ordersPlan(shop, CONNECTIONS))
  const faults: Faults = []
  await runOrders(bench, { load, instances: [shop.kahub], faults }, { seconds: 120, limit: SOLD_BEFORE })
  await load.close()
  if (faults.length > 0) throw new Error(`selling out failed: ${faults.join(', ')}`)
  return shop
}

function stormSide(bench: Bench, load: Load, faults: Faults): Side & { readonly p99s: number[] } {
  const p99s: number[] = []
  return {
    name: 'refusals',
    unit: '/s',
    p99s,
    run: async () => {
      const result = await load.run({ seconds: bench.options.seconds })
      const others = Object.entries({ ...result.refusals, ...result.errors }).filter(([what]) => what !== SOLD_OUT)
      if (result.placed > 0 || others.length > 0) faults.push(`in the storm: ${result.placed} orders placed, ${JSON.stringify(others)}`)
      const perSecond = result.answers / result.seconds
      p99s.push(percentile(result.latencies, 0.99))
      bench.log(`    refusals: ${perSecond.toFixed(0)}/s`)
      return perSecond
    }
  }
}

export const refusals: Scenario = {
  name: 'refusals',
  quick: true,
  run: async bench => {
    const shop = await bench.hotShop()
    const { rounds, seconds } = bench.options
    const faults: Faults = []
    const soldOut = await sellOut(bench, shop)
    const orders = await openLoad(ordersPlan(shop, CONNECTIONS))
    const storm = await openLoad(ordersPlan(soldOut, CONNECTIONS))
    try {
      const subject = { load: orders, instances: [shop.kahub], faults }
      await warmUp(bench, subject, { shop, runs: rounds })
      await storm.run({ seconds: 2 })
      const base = ordersSide(bench, 'orders', subject, seconds)
      const ours = stormSide(bench, storm, faults)
      const comparison = await compare('refusals', { base, ours }, rounds)
      faults.push(...(await checkKahub(bench, shop.kahub)))
      return {
        ratios: { refusals: comparison.ratio },
        comparisons: [comparison],
        details: { orders: summary(base.runs), refusalP99Ms: ours.p99s },
        charts: [roundsChart(comparison)],
        faults
      }
    } finally {
      await Promise.all([orders.close(), storm.close()])
    }
  }
}
