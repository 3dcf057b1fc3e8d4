/** `npm run bench`: see README.md. Progress goes to standard error, results to standard output. */
import { type Bench, startBench } from './bench.ts'
import { type Options, QUICK_LAST_START_SECONDS, readOptions, USAGE } from './options.ts'
import { faultsOf, type Results, ratiosOf, toText, writeResults } from './report.ts'
import type { Scenario, ScenarioResult } from './scenario.ts'
import { SCENARIOS } from './scenarios/index.ts'
import { writeStatements } from './statements.ts'

const log = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

function chosen({ only, quick }: Options): Scenario[] {
  const unknown = only.filter(name => !SCENARIOS.some(scenario => scenario.name === name))
  if (unknown.length > 0) throw new Error(`no such scenario: ${unknown.join(', ')}; there are ${SCENARIOS.map(({ name }) => name).join(', ')}`)
  return SCENARIOS.filter(scenario => (only.length > 0 ? only.includes(scenario.name) : scenario.quick || !quick))
}

async function runAll(bench: Bench, scenarios: readonly Scenario[]): Promise<Results> {
  const results = new Map<string, ScenarioResult | { failure: string }>()
  for (const scenario of scenarios) {
    const begun = performance.now()
    if (bench.options.quick && begun > QUICK_LAST_START_SECONDS * 1_000) {
      log(`${scenario.name}: left out, no time`)
      continue
    }
    log(scenario.name)
    try {
      const result = await scenario.run(bench)
      results.set(scenario.name, result)
      for (const fault of result.faults) log(`  WRONG: ${fault}`)
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error)
      results.set(scenario.name, { failure })
      log(`  FAILED: ${failure}`)
    }
    if (bench.options.profile) await writeStatements(bench, scenario.name)
    log(`  ${((performance.now() - begun) / 1_000).toFixed(0)} s`)
  }
  return results
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  if (options === null) return void process.stdout.write(`${USAGE}\n`)
  const scenarios = chosen(options)
  const bench = await startBench(options, log)
  try {
    log(`PostgreSQL ${bench.lab.settings['server_version']}, yardstick by ${bench.drivers.map(({ name }) => name).join(' or ')}`)
    const results = await runAll(bench, scenarios)
    writeResults(bench, results)
    process.stdout.write(options.json ? `${JSON.stringify({ ratios: ratiosOf(results) })}\n` : toText(results))
    log(`written to ${options.output}`)
    if (faultsOf(results).length > 0) process.exitCode = 1
  } finally {
    await bench.stop()
  }
}

await main()
