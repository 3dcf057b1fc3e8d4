/** Orders over HTTP against the yardstick on the same server, in turns: what three of the scenarios are. */

import type { Bench } from './bench.ts'
import { latencyChart, roundsChart } from './charts.ts'
import { checkKahub, checkYardstickOf } from './correctness.ts'
import { addUp, percentile } from './histogram.ts'
import { openLoad } from './load/load.ts'
import { type Faults, fastestDriver, type OrderRun, ordersSide, runOrders, type Subject, yardstickSide } from './measure.ts'
import { CONNECTIONS, YARDSTICK_CLIENTS } from './options.ts'
import { ensureStock, type Shop } from './rig/shop.ts'
import { resetStatements } from './statements.ts'
import { type Comparison, compare, median, round } from './stats.ts'
import type { Chart } from './svg.ts'
import { assertPlan, fillYardstick, type YardstickShape } from './yardstick/schema.ts'

const WARM_UP_SECONDS = 3
/** Stock for the warm-up, when the rate is not known yet. */
const PER_SECOND_AT_FIRST = 8_000
/** Machines are not even: stock for this much more than the warm-up sold. */
const STOCK_MARGIN = 1.8
/** Cards for the yardstick: more than it sells on any machine of this size. */
const YARDSTICK_PER_SECOND = 6_000

export interface Contest {
  readonly name: string
  readonly shop: Shop
  readonly yardstick: Omit<YardstickShape, 'cards'>
}

export interface ContestResult {
  readonly comparison: Comparison
  readonly details: Readonly<Record<string, unknown>>
  readonly charts: readonly Chart[]
  readonly faults: Faults
}

export const ordersPlan = ({ kahub, keys, skuIds }: Shop, connections: number) =>
  ({ host: kahub.host, ports: [kahub.port], connections, keys, request: { kind: 'order', skuIds } }) as const

/** Fresh tables, and the proof that it uses its index. */
export async function prepareYardstick({ lab, options, drivers }: Bench, shape: Omit<YardstickShape, 'cards'>): Promise<void> {
  const seconds = WARM_UP_SECONDS * drivers.length + options.rounds * options.seconds
  await fillYardstick(lab.client, { ...shape, cards: Math.max(seconds * YARDSTICK_PER_SECOND, shape.skus * 100) })
  await assertPlan(lab.client)
}

/** Warms kahub up and stocks for what comes: `runs` runs of the usual length. */
export async function warmUp(bench: Bench, subject: Subject, { shop, runs }: { shop: Shop; runs: number }): Promise<void> {
  await ensureStock(shop, Math.ceil((WARM_UP_SECONDS * PER_SECOND_AT_FIRST * 1.3) / shop.skuIds.length))
  const { perSecond } = await runOrders(bench, subject, { seconds: WARM_UP_SECONDS })
  bench.log(`    warm: ${perSecond.toFixed(0)}/s`)
  const needed = perSecond * runs * bench.options.seconds * STOCK_MARGIN
  await ensureStock(shop, Math.ceil(needed / shop.skuIds.length) + 50)
  if (bench.options.profile) await resetStatements(bench)
}

export async function contest(bench: Bench, { name, shop, yardstick }: Contest): Promise<ContestResult> {
  const { rounds, seconds } = bench.options
  await prepareYardstick(bench, yardstick)
  const faults: Faults = []
  const load = await openLoad(ordersPlan(shop, CONNECTIONS))
  try {
    const subject = { load, instances: [shop.kahub], faults }
    await warmUp(bench, subject, { shop, runs: rounds })
    const run = { clients: YARDSTICK_CLIENTS, ...yardstick }
    const base = yardstickSide(bench, await fastestDriver(bench, run), { ...run, seconds, figure: 'perSecond' })
    const ours = ordersSide(bench, 'kahub', subject, seconds)
    const comparison = await compare(name, { base, ours }, rounds)
    faults.push(...(await checkYardstickOf(bench)), ...(await checkKahub(bench, shop.kahub)))
    return { comparison, details: summary(ours.runs), charts: [roundsChart(comparison), latencyChart(name, ours.runs)], faults }
  } finally {
    await load.close()
  }
}

export function summary(runs: readonly OrderRun[]): Record<string, unknown> {
  const latencies = addUp(runs.map(run => run.result.latencies))
  const middle = (of: (run: OrderRun) => number): number => round(median(runs.map(of)), 1)
  return {
    ordersPerSecond: middle(run => run.perSecond),
    p50Ms: round(percentile(latencies, 0.5), 2),
    p99Ms: round(percentile(latencies, 0.99), 2),
    cpuMicrosAnOrder: {
      server: middle(run => run.costs.server),
      postgres: middle(run => run.costs.postgres),
      generator: middle(run => run.costs.generator)
    }
  }
}
