/** Ten thousand shops keep a connection open and all of them order: nobody may be turned away or cut off. */
import { latencyChart, rateChart } from '../charts.ts'
import { ordersPlan } from '../contest.ts'
import { checkKahub } from '../correctness.ts'
import { openLoad } from '../load/load.ts'
import { type Faults, runOrders } from '../measure.ts'
import { openFilesMax } from '../rig/process-stats.ts'
import { ensureStock } from '../rig/shop.ts'
import type { Scenario } from '../scenario.ts'
import { round } from '../stats.ts'

const CONNECTIONS_10K = 10_000
/** What the server opens beside its connections. */
const OTHER_FILES = 200
const GENERATORS = 2
/** Long enough that every connection orders several times. */
const MIN_SECONDS = 12
const STOCK_PER_SECOND = 8_000

export const connections10k: Scenario = {
  name: 'connections-10k',
  quick: true,
  run: async bench => {
    const files = openFilesMax()
    if (files < CONNECTIONS_10K + OTHER_FILES) {
      return {
        ratios: { connections10k: null },
        comparisons: [],
        details: { skipped: `a process may open ${files} files here` },
        charts: [],
        faults: []
      }
    }
    const shop = await bench.hotShop()
    const seconds = Math.max(MIN_SECONDS, bench.options.seconds)
    await ensureStock(shop, seconds * STOCK_PER_SECOND + CONNECTIONS_10K)
    const faults: Faults = []
    const load = await openLoad(ordersPlan(shop, CONNECTIONS_10K), GENERATORS)
    try {
      const run = await runOrders(bench, { load, instances: [shop.kahub], faults }, { seconds })
      const errors = load.failed + Object.values(run.result.errors).reduce((sum, count) => sum + count, 0)
      faults.push(...(await checkKahub(bench, shop.kahub)))
      bench.log(
        `    ${CONNECTIONS_10K - load.failed} connections, ${run.perSecond.toFixed(0)}/s, p50 ${run.p50.toFixed(0)} ms, p99 ${run.p99.toFixed(0)} ms, ${errors} errors`
      )
      return {
        ratios: { connections10k: errors },
        comparisons: [],
        details: {
          failedToConnect: load.failed,
          errors: run.result.errors,
          ordersPerSecond: round(run.perSecond, 0),
          p50Ms: round(run.p50, 0),
          p99Ms: round(run.p99, 0),
          cpuMicrosAnOrder: run.costs
        },
        charts: [latencyChart('connections-10k', [run]), rateChart('connections-10k', run.result.perSecond, 'second')],
        faults
      }
    } finally {
      await load.close()
    }
  }
}
