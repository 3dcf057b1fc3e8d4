/** A warehouse of ten million keys must sell as fast as a shelf of ten thousand: two databases on one server, in turns. */

import type { Bench } from '../bench.ts'
import { roundsChart } from '../charts.ts'
import { ordersPlan } from '../contest.ts'
import { checkKahub } from '../correctness.ts'
import { type Load, openLoad } from '../load/load.ts'
import { type Faults, runOrders } from '../measure.ts'
import { CONNECTIONS, HOT_RESELLERS } from '../options.ts'
import { ensureStock, openShop, type Shop } from '../rig/shop.ts'
import type { Scenario } from '../scenario.ts'
import { compare, type Side } from '../stats.ts'

const SMALL = 10_000
/** Of each run, on both sides: what a stock of ten thousand allows. */
const ORDERS_A_RUN = 9_000
const RUN_MAX_SECONDS = 120

interface Warehouse {
  readonly shop: Shop
  readonly load: Load
}

async function openWarehouse(bench: Bench, name: string): Promise<Warehouse> {
  const kahub = await bench.startKahub(await bench.lab.createDatabase(name))
  const shop = await openShop(kahub, { skus: 1, resellers: HOT_RESELLERS })
  return { shop, load: await openLoad(ordersPlan(shop, CONNECTIONS)) }
}

const side = (bench: Bench, { shop, load }: Warehouse, { cards, faults }: { cards: number; faults: Faults }): Side => ({
  name: `${cards.toLocaleString('en-US')} keys`,
  unit: '/s',
  run: async () => {
    await ensureStock(shop, cards)
    const { perSecond } = await runOrders(bench, { load, instances: [shop.kahub], faults }, { seconds: RUN_MAX_SECONDS, limit: ORDERS_A_RUN })
    bench.log(`    ${cards} keys: ${perSecond.toFixed(0)}/s`)
    return perSecond
  }
})

export const stock10m: Scenario = {
  name: 'stock-10m',
  quick: false,
  run: async bench => {
    const small = await openWarehouse(bench, 'bench_small')
    const large = await openWarehouse(bench, 'bench_large')
    const faults: Faults = []
    try {
      const base = side(bench, small, { cards: SMALL, faults })
      const ours = side(bench, large, { cards: bench.options.stock, faults })
      await base.run()
      await ours.run()
      const comparison = await compare('stock-10m', { base, ours }, bench.options.rounds)
      faults.push(...(await checkKahub(bench, small.shop.kahub)), ...(await checkKahub(bench, large.shop.kahub)))
      return {
        ratios: { stock10m: comparison.ratio },
        comparisons: [comparison],
        details: { ordersARun: ORDERS_A_RUN, stock: bench.options.stock },
        charts: [roundsChart(comparison)],
        faults
      }
    } finally {
      await Promise.all([small.load.close(), large.load.close()])
      await Promise.all([small.shop.kahub.stop(), large.shop.kahub.stop()])
    }
  }
}
