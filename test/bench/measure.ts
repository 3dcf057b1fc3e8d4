/** One run of a side, with all that must be true of it. */
import type { Bench } from './bench.ts'
import { percentile } from './histogram.ts'
import type { LoadResult, LoadRun } from './load/contract.ts'
import type { Load } from './load/load.ts'
import type { Kahub } from './rig/kahub.ts'
import { round, type Side } from './stats.ts'
import type { YardstickDriver, YardstickRun } from './yardstick/contract.ts'

/** Where the time of the machine went, in microseconds of processor time for each order. */
export interface Costs {
  readonly server: number
  readonly postgres: number
  readonly generator: number
}

export interface OrderRun {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly costs: Costs
  readonly result: LoadResult
}

/** What is wrong, in words; empty if nothing is. */
export type Faults = string[]

export interface Subject {
  readonly load: Load
  readonly instances: readonly Kahub[]
  readonly faults: Faults
}

/** Orders for some seconds: every one must be placed, and no card may come twice. */
export async function runOrders(bench: Bench, { load, instances, faults }: Subject, limits: LoadRun): Promise<OrderRun> {
  const before = cpuOf(bench, instances)
  const result = await load.run(limits)
  const after = cpuOf(bench, instances)
  const doubles = bench.deliveries.take(result.serials)
  if (doubles > 0) faults.push(`${doubles} cards were delivered twice`)
  for (const [what, count] of Object.entries({ ...result.refusals, ...result.errors })) faults.push(`${count} × ${what}`)
  const database = instances[0]?.databaseUrl ?? ''
  bench.placed.set(database, (bench.placed.get(database) ?? 0) + result.placed)
  const micros = (seconds: number): number => round((seconds * 1e6) / Math.max(1, result.placed), 1)
  return {
    perSecond: result.successes / result.seconds,
    p50: percentile(result.latencies, 0.5),
    p99: percentile(result.latencies, 0.99),
    costs: { server: micros(after.server - before.server), postgres: micros(after.postgres - before.postgres), generator: micros(result.cpuSeconds) },
    result
  }
}

const cpuOf = ({ lab }: Bench, instances: readonly Kahub[]) => ({
  server: instances.reduce((sum, kahub) => sum + kahub.cpuSeconds(), 0),
  postgres: lab.postgresCpuSeconds()
})

/** A side that orders, and keeps its runs. */
export function ordersSide(bench: Bench, name: string, subject: Subject, seconds: number): Side & { readonly runs: OrderRun[] } {
  const runs: OrderRun[] = []
  return {
    name,
    unit: '/s',
    runs,
    run: async () => {
      const run = await runOrders(bench, subject, { seconds })
      runs.push(run)
      bench.log(
        `    ${name}: ${run.perSecond.toFixed(0)}/s, p50 ${run.p50.toFixed(1)} ms, p99 ${run.p99.toFixed(1)} ms, µs an order: ${JSON.stringify(run.costs)}`
      )
      return run.perSecond
    }
  }
}

/** Long enough to tell two drivers apart, and the yardstick's warm-up. */
const TRIAL_SECONDS = 2

/** Lets every driver run for a moment: the fastest one is the honest yardstick. */
export async function fastestDriver(bench: Bench, run: Omit<YardstickRun, 'seconds'>): Promise<YardstickDriver> {
  let best: { driver: YardstickDriver; perSecond: number } | null = null
  for (const driver of bench.drivers) {
    const { perSecond } = await driver.run({ ...run, seconds: TRIAL_SECONDS })
    bench.log(`    ${driver.name}: ${perSecond.toFixed(0)}/s at first`)
    if (best === null || perSecond > best.perSecond) best = { driver, perSecond }
  }
  if (best === null) throw new Error('there is no driver for the yardstick')
  return best.driver
}

/** `figure`: what of a run is compared. */
export function yardstickSide(
  bench: Bench,
  driver: YardstickDriver,
  { figure, ...run }: YardstickRun & { readonly figure: 'perSecond' | 'p50' }
): Side {
  return {
    name: `yardstick (${driver.name})`,
    unit: figure === 'p50' ? ' ms' : '/s',
    run: async () => {
      const cpu = bench.lab.postgresCpuSeconds()
      const result = await driver.run(run)
      const micros = ((bench.lab.postgresCpuSeconds() - cpu) * 1e6) / Math.max(1, result.orders)
      bench.log(
        `    yardstick: ${result.perSecond.toFixed(0)}/s, p50 ${result.p50.toFixed(2)} ms, p99 ${result.p99.toFixed(1)} ms, µs of PostgreSQL: ${micros.toFixed(0)}`
      )
      return result[figure]
    }
  }
}
