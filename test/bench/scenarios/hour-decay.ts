/** The same load for an hour, with deliveries of stock in between: tables grow, indexes fill with dead entries, vacuum comes and goes. */
import type { Bench } from '../bench.ts'
import { rateChart } from '../charts.ts'
import { ordersPlan } from '../contest.ts'
import { checkKahub } from '../correctness.ts'
import { openLoad } from '../load/load.ts'
import { type Faults, runOrders } from '../measure.ts'
import { CONNECTIONS, HOT_RESELLERS } from '../options.ts'
import { ensureStock, openShop, type Shop } from '../rig/shop.ts'
import type { Scenario } from '../scenario.ts'
import { median, round } from '../stats.ts'
import { tableSizes } from '../table-sizes.ts'

const MINUTE_SECONDS = 60
/** Stock is topped up before each minute, so that the import is no part of it; for the first one to this. */
const FIRST_STOCK = 300_000
const STOCK_MARGIN = 1.6
/** The last minutes against the first ones after the warm-up: one minute alone may have met a checkpoint. */
const COMPARED_MINUTES = 3

async function runMinutes(bench: Bench, shop: Shop, faults: Faults): Promise<number[]> {
  const load = await openLoad(ordersPlan(shop, CONNECTIONS))
  const rates: number[] = []
  let stock = FIRST_STOCK
  try {
    for (let minute = 0; minute <= bench.options.minutes; minute++) {
      await ensureStock(shop, stock)
      const { perSecond, p99 } = await runOrders(bench, { load, instances: [shop.kahub], faults }, { seconds: MINUTE_SECONDS })
      stock = Math.ceil(perSecond * MINUTE_SECONDS * STOCK_MARGIN)
      // The first one warms up.
      if (minute > 0) rates.push(perSecond)
      bench.log(`    minute ${minute}: ${perSecond.toFixed(0)}/s, p99 ${p99.toFixed(1)} ms`)
    }
  } finally {
    await load.close()
  }
  return rates
}

export const hourDecay: Scenario = {
  name: 'hour-decay',
  quick: false,
  run: async bench => {
    const kahub = await bench.startKahub(await bench.lab.createDatabase('bench_hour'))
    try {
      const shop = await openShop(kahub, { skus: 1, resellers: HOT_RESELLERS })
      const faults: Faults = []
      const rates = await runMinutes(bench, shop, faults)
      const compared = Math.min(COMPARED_MINUTES, Math.ceil(rates.length / 2))
      const ratio = median(rates.slice(-compared)) / median(rates.slice(0, compared))
      const tables = await tableSizes(kahub.databaseUrl, bench.placed.get(kahub.databaseUrl) ?? 0)
      faults.push(...(await checkKahub(bench, kahub)))
      const details = { minutes: rates.length, perSecondByMinute: rates.map(rate => round(rate, 0)), tables }
      return { ratios: { hourDecay: ratio }, comparisons: [], details, charts: [rateChart('hour-decay', rates, 'minute')], faults }
    } finally {
      await kahub.stop()
    }
  }
}
