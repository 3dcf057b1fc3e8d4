import type { Bench } from './bench.ts'
import type { Comparison } from './stats.ts'
import type { Chart } from './svg.ts'

/** The figures that the bench is judged by, in the order in which they are printed. */
export const RATIOS = [
  'hotSku',
  'manySkus',
  'oneWallet',
  'idleBuyer',
  'connections10k',
  'refusals',
  'stock10m',
  'importCopy',
  'importPeakMb',
  'twoInstances',
  'skuRead',
  'changesRead',
  'upstreamRate',
  'upstreamP99',
  'history',
  'hourDecay'
] as const
export type Ratio = (typeof RATIOS)[number]

export interface ScenarioResult {
  readonly ratios: Readonly<Partial<Record<Ratio, number | null>>>
  readonly comparisons: readonly Comparison[]
  /** Whatever explains the figures. */
  readonly details: Readonly<Record<string, unknown>>
  readonly charts: readonly Chart[]
  /** Empty unless something was wrong while measuring. */
  readonly faults: readonly string[]
}

export interface Scenario {
  /** Its file name. */
  readonly name: string
  /** Fits into the quick run. */
  readonly quick: boolean
  run(bench: Bench): Promise<ScenarioResult>
}
