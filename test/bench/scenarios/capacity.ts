/** What a machine can do and what it needs for it: orders a second for each core, and bytes for each order and each key in stock. */
import { ordersPlan, summary } from '../contest.ts'
import { checkKahub } from '../correctness.ts'
import { footprintOf, growth } from '../footprint.ts'
import { openLoad } from '../load/load.ts'
import { type Faults, ordersSide, runOrders } from '../measure.ts'
import { CONNECTIONS, HOT_RESELLERS } from '../options.ts'
import { ensureStock, openShop } from '../rig/shop.ts'
import type { Scenario } from '../scenario.ts'
import { median, round } from '../stats.ts'

/** A catalog in which most orders meet another SKU than the one before. */
const SKUS = 50
const WARM_UP_SECONDS = 5
/** More than any machine of this size sells in a second. */
const PER_SECOND_MAX = 8_000

export const capacity: Scenario = {
  name: 'capacity',
  quick: false,
  run: async bench => {
    const { rounds, seconds } = bench.options
    const kahub = await bench.startKahub(await bench.lab.createDatabase('bench_capacity'))
    const shop = await openShop(kahub, { skus: SKUS, resellers: HOT_RESELLERS })
    const plan = ordersPlan(shop, CONNECTIONS)
    const load = await openLoad({ ...plan, request: { ...plan.request, asShops: true } })
    const faults: Faults = []
    try {
      const cards = Math.ceil(((rounds * seconds + WARM_UP_SECONDS) * PER_SECOND_MAX) / SKUS)
      const empty = await footprintOf(bench, kahub)
      await ensureStock(shop, cards)
      const stocked = await footprintOf(bench, kahub)
      const subject = { load, instances: [kahub], faults }
      await runOrders(bench, subject, { seconds: WARM_UP_SECONDS })
      const warm = await footprintOf(bench, kahub)
      const orders = ordersSide(bench, 'orders', subject, seconds)
      for (let round = 0; round < rounds; round++) await orders.run()
      const sold = await footprintOf(bench, kahub)
      faults.push(...(await checkKahub(bench, kahub)))
      const micros = median(orders.runs.map(({ costs }) => costs.server + costs.postgres))
      const details = {
        ordersPerSecondAndCore: round(1e6 / micros, 0),
        ...summary(orders.runs),
        connections: sold.connections,
        serverMb: round(sold.serverMb, 0),
        redisMb: round(sold.redisMb, 1),
        anOrder: growth(
          warm,
          sold,
          orders.runs.reduce((sum, { result }) => sum + result.placed, 0)
        ),
        aKeyInStock: growth(empty, stocked, cards * SKUS)
      }
      bench.log(JSON.stringify(details, null, 2))
      return { ratios: {}, comparisons: [], details, charts: [], faults }
    } finally {
      await load.close()
      await kahub.stop()
    }
  }
}
