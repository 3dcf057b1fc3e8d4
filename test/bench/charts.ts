import { addUp, percentile } from './histogram.ts'
import type { OrderRun } from './measure.ts'
import type { Comparison, Series } from './stats.ts'
import type { Chart } from './svg.ts'

const PERCENTILES = [0, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98, 99, 99.5, 99.9]

/** Both sides, run by run: what the machine's other work did to them. */
export function roundsChart({ name, base, ours, ratio }: Comparison): Chart {
  const line = ({ name: label, values }: Series) => ({ name: label, points: values.map((value, index) => [index + 1, value] as const) })
  return { name: `${name}-rounds`, title: `${name}: ${ratio.toFixed(2)} × ${base.name}`, x: 'run', y: ours.unit, lines: [line(ours), line(base)] }
}

export function latencyChart(name: string, runs: readonly OrderRun[]): Chart {
  const latencies = addUp(runs.map(run => run.result.latencies))
  const points = PERCENTILES.map(percent => [percent, percentile(latencies, percent / 100)] as const)
  return { name: `${name}-latency`, title: `${name}: latency of an order`, x: 'percent of orders', y: 'ms', lines: [{ name: 'kahub', points }] }
}

export function rateChart(name: string, perSecond: readonly number[], unit: 'second' | 'minute'): Chart {
  const points = perSecond.map((rate, index) => [index + 1, rate] as const)
  return { name: `${name}-rate`, title: `${name}: orders per second`, x: unit, y: 'orders/s', lines: [{ name: 'kahub', points }] }
}
