/** What is written and printed at the end. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import type { Bench } from './bench.ts'
import { RATIOS, type Ratio, type ScenarioResult } from './scenario.ts'
import { describe, round } from './stats.ts'
import { toSvg } from './svg.ts'

export type Results = ReadonlyMap<string, ScenarioResult | { readonly failure: string }>

export type Ratios = Record<Ratio, number | null>

export function ratiosOf(results: Results): Ratios {
  const ratios = Object.fromEntries(RATIOS.map(name => [name, null])) as Ratios
  for (const result of results.values()) {
    if ('failure' in result) continue
    for (const [name, value] of Object.entries(result.ratios)) ratios[name as Ratio] = value === null ? null : round(value)
  }
  return ratios
}

export const faultsOf = (results: Results): string[] =>
  [...results].flatMap(([name, result]) => ('failure' in result ? [`${name}: ${result.failure}`] : result.faults.map(fault => `${name}: ${fault}`)))

/** The JSON file, and a chart beside it for each curve. */
export function writeResults({ lab, options, drivers }: Bench, results: Results): void {
  const directory = dirname(options.output)
  mkdirSync(directory, { recursive: true })
  const document = {
    ratios: ratiosOf(results),
    faults: faultsOf(results),
    at: new Date().toISOString(),
    machine: { processors: cpus().length, model: cpus()[0]?.model, memoryGb: round(totalmem() / 2 ** 30, 1), node: process.version },
    postgres: lab.settings,
    yardsticks: drivers.map(({ name }) => name),
    options,
    scenarios: Object.fromEntries([...results].map(([name, result]) => [name, 'failure' in result ? result : { ...result, charts: undefined }]))
  }
  writeFileSync(options.output, `${JSON.stringify(document, null, 2)}\n`)
  for (const result of results.values()) {
    if ('failure' in result) continue
    for (const chart of result.charts) writeFileSync(join(directory, `${chart.name}.svg`), toSvg(chart))
  }
}

export function toText(results: Results): string {
  const lines: string[] = []
  for (const [name, result] of results) {
    if ('failure' in result) lines.push(`${name}: FAILED ${result.failure}`)
    else
      for (const { name: title, base, ours, ratio, roundRatios } of result.comparisons) {
        const spread = `${Math.min(...roundRatios).toFixed(2)}…${Math.max(...roundRatios).toFixed(2)}`
        lines.push(`${title}: ${ratio.toFixed(2)} (by round ${spread})`, `  ${ours.name} ${describe(ours)}`, `  ${base.name} ${describe(base)}`)
      }
  }
  lines.push('', ...Object.entries(ratiosOf(results)).map(([name, value]) => `${name.padEnd(16)} ${value ?? 'not measured'}`))
  const faults = faultsOf(results)
  lines.push('', faults.length === 0 ? 'Every card was delivered once, the ledger adds up, no errors.' : `WRONG:\n${faults.join('\n')}`)
  return `${lines.join('\n')}\n`
}
