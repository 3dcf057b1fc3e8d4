/** A second instance on the same database, the same SKU: leadership goes back and forth, and no order may be lost on the way. */
import { roundsChart } from '../charts.ts'
import { ordersPlan, summary, warmUp } from '../contest.ts'
import { checkKahub } from '../correctness.ts'
import { openLoad } from '../load/load.ts'
import { type Faults, ordersSide, runOrders } from '../measure.ts'
import { CONNECTIONS } from '../options.ts'
import type { Scenario } from '../scenario.ts'
import { compare } from '../stats.ts'

export const twoInstances: Scenario = {
  name: 'two-instances',
  quick: true,
  run: async bench => {
    const shop = await bench.hotShop()
    const { rounds, seconds } = bench.options
    const first = shop.kahub
    const second = await bench.startKahub(first.databaseUrl)
    const faults: Faults = []
    const plan = ordersPlan(shop, CONNECTIONS)
    const one = { load: await openLoad(plan), instances: [first], faults }
    const two = { load: await openLoad({ ...plan, ports: [first.port, second.port] }), instances: [first, second], faults }
    try {
      await warmUp(bench, one, { shop, runs: 2 * rounds + 1 })
      await runOrders(bench, two, { seconds: 2 })
      const base = ordersSide(bench, 'one instance', one, seconds)
      const ours = ordersSide(bench, 'two instances', two, seconds)
      const comparison = await compare('two-instances', { base, ours }, rounds)
      faults.push(...(await checkKahub(bench, first)))
      return {
        ratios: { twoInstances: comparison.ratio },
        comparisons: [comparison],
        details: { one: summary(base.runs), two: summary(ours.runs) },
        charts: [roundsChart(comparison)],
        faults
      }
    } finally {
      await Promise.all([one.load.close(), two.load.close()])
      await second.stop()
    }
  }
}
