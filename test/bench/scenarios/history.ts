/** A hub that has sold for years must sell as fast as one that opened today: two databases on one server, in turns. */

import type { Bench } from '../bench.ts'
import { roundsChart } from '../charts.ts'
import { ordersPlan, summary } from '../contest.ts'
import { checkKahub } from '../correctness.ts'
import { fillHistory } from '../history.ts'
import { type Load, openLoad } from '../load/load.ts'
import { type Faults, ordersSide, runOrders } from '../measure.ts'
import { CONNECTIONS, HOT_RESELLERS } from '../options.ts'
import { ensureStock, openShop, type Shop } from '../rig/shop.ts'
import type { Scenario } from '../scenario.ts'
import { compare } from '../stats.ts'

const WARM_UP_SECONDS = 5
/** More than any machine of this size sells in a second. */
const PER_SECOND_MAX = 8_000

interface Side {
  readonly shop: Shop
  readonly load: Load
}

async function openSide(bench: Bench, name: string, orders: number): Promise<Side> {
  const kahub = await bench.startKahub(await bench.lab.createDatabase(name))
  const shop = await openShop(kahub, { skus: 1, resellers: HOT_RESELLERS })
  // Keys of shops are often random, which is the one place of an order's rows that is: the worst case for a large index.
  const plan = ordersPlan(shop, CONNECTIONS)
  const load = await openLoad({ ...plan, request: { ...plan.request, asShops: true } })
  const { rounds, seconds } = bench.options
  await ensureStock(shop, (rounds * seconds + WARM_UP_SECONDS) * PER_SECOND_MAX)
  if (orders > 0) await fillHistory(bench, kahub.databaseUrl, orders)
  return { shop, load }
}

export const history: Scenario = {
  name: 'history',
  quick: false,
  run: async bench => {
    const { orders, rounds, seconds } = bench.options
    const faults: Faults = []
    const young = await openSide(bench, 'bench_young', 0)
    const old = await openSide(bench, 'bench_old', orders)
    const sides = [young, old]
    try {
      const subjects = sides.map(({ shop, load }) => ({ load, instances: [shop.kahub], faults }))
      for (const subject of subjects) await runOrders(bench, subject, { seconds: WARM_UP_SECONDS })
      const [base, ours] = [ordersSide(bench, 'no orders', subjects[0]!, seconds), ordersSide(bench, `${orders} orders`, subjects[1]!, seconds)]
      const comparison = await compare('history', { base, ours }, rounds)
      for (const { shop } of sides) faults.push(...(await checkKahub(bench, shop.kahub)))
      return {
        ratios: { history: comparison.ratio },
        comparisons: [comparison],
        details: { orders, without: summary(base.runs), with: summary(ours.runs) },
        charts: [roundsChart(comparison)],
        faults
      }
    } finally {
      await Promise.all(sides.map(({ load }) => load.close()))
      await Promise.all(sides.map(({ shop }) => shop.kahub.stop()))
    }
  }
}
