/** Nobody else is there: how long does one order take? Group commit must not make a lone buyer wait. */
import { roundsChart } from '../charts.ts'
import { ordersPlan, prepareYardstick, warmUp } from '../contest.ts'
import { checkKahub } from '../correctness.ts'
import { openLoad } from '../load/load.ts'
import { type Faults, fastestDriver, runOrders, yardstickSide } from '../measure.ts'
import type { Scenario } from '../scenario.ts'
import { compare, round } from '../stats.ts'

export const idleBuyer: Scenario = {
  name: 'idle-buyer',
  quick: true,
  run: async bench => {
    const shop = await bench.hotShop()
    const { rounds, seconds } = bench.options
    const shape = { skus: 1, wallets: 1 }
    await prepareYardstick(bench, shape)
    const faults: Faults = []
    const load = await openLoad(ordersPlan(shop, 1))
    try {
      const subject = { load, instances: [shop.kahub], faults }
      await warmUp(bench, subject, { shop, runs: rounds })
      const p99s: number[] = []
      const run = { clients: 1, ...shape }
      const base = yardstickSide(bench, await fastestDriver(bench, run), { ...run, seconds, figure: 'p50' })
      const ours = {
        name: 'kahub',
        unit: ' ms',
        run: async () => {
          const { p50, p99 } = await runOrders(bench, subject, { seconds })
          p99s.push(round(p99, 2))
          return p50
        }
      }
      const comparison = await compare('idle-buyer', { base, ours }, rounds)
      faults.push(...(await checkKahub(bench, shop.kahub)))
      return {
        ratios: { idleBuyer: comparison.ratio },
        comparisons: [comparison],
        details: { p99Ms: p99s },
        charts: [roundsChart(comparison)],
        faults
      }
    } finally {
      await load.close()
    }
  }
}
