/** `npm run chaos`: see README.md. */
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTempDataDir } from '../../src/embedded/temp-data-dir.ts'
import { FAILPOINTS } from '../../src/kit/failpoint.ts'
import type { Finding } from './check/finding.ts'
import { createDice } from './dice.ts'
import { createFailpointDeck } from './nemesis/failpoint-deck.ts'
import { DISK_FULL, FAULTS } from './nemesis/faults.ts'
import { readOptions, replayOf, USAGE } from './options.ts'
import { canMount } from './rig/small-disk.ts'
import { type RoundResult, runRound } from './run-round.ts'

const SHOWN_OF_A_RULE = 3
const SHOWN_CHARACTERS = 600
const PREFIX = 'kahub-chaos-'

const log = (line: string): void => void process.stdout.write(`${line}\n`)

function show(findings: readonly Finding[]): void {
  for (const [rule, each] of Map.groupBy(findings, finding => finding.rule)) {
    log(`  BROKEN: ${rule} (${each.length})`)
    for (const { detail } of each.slice(0, SHOWN_OF_A_RULE)) log(`    ${detail.slice(0, SHOWN_CHARACTERS)}`)
  }
}

const sum = (all: readonly ReadonlyMap<string, number>[]): Map<string, number> => {
  const total = new Map<string, number>()
  for (const each of all) for (const [name, count] of each) total.set(name, (total.get(name) ?? 0) + count)
  return total
}

const list = (counts: ReadonlyMap<string, number>): string =>
  [...counts]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')

/** Faults that never struck and failpoints that were never hit: what they would have shown is not known. */
const leftOut = (results: readonly RoundResult[], hits: ReadonlyMap<string, number>, smallDisk: boolean): string[] => {
  const struck = sum(results.map(({ faults }) => faults))
  const possible = Object.keys(FAULTS).filter(name => smallDisk || name !== DISK_FULL)
  return [...possible.filter(name => !struck.has(name)), ...FAILPOINTS.filter(name => !hits.has(name))]
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  if (options === null) return log(USAGE)
  if (options.smallDisk && !canMount()) throw new Error('--small-disk needs root, on Linux')
  const directory = createTempDataDir(PREFIX)
  const results: RoundResult[] = []
  const failpoints = createFailpointDeck(createDice(options.seed))
  let failed = 0
  for (let round = 0; round < options.rounds; round++) {
    const seed = (options.seed + round) >>> 0
    const home = join(directory, `round-${round}`)
    mkdirSync(home)
    log(`round ${round + 1} of ${options.rounds}, seed ${seed}`)
    const findings = await play(home, seed).catch((error: Error) => [{ rule: 'the round can be played', detail: error.stack ?? error.message }])
    if (findings.length > 0) {
      failed++
      show(findings)
      const kept = join(tmpdir(), `${PREFIX}red-${seed}-${process.pid}`)
      renameSync(home, kept)
      log(`  its files: ${kept}`)
      log(`  again: ${replayOf(options, seed)}`)
    } else if (!options.keep) rmSync(home, { recursive: true, force: true })
  }

  async function play(home: string, seed: number): Promise<readonly Finding[]> {
    const result = await runRound({ directory: home, seed, options: options!, failpoints, log })
    results.push(result)
    return result.findings
  }

  log(`faults: ${list(sum(results.map(({ faults }) => faults)))}`)
  log(`missed: ${list(sum(results.map(({ missed }) => missed)))}`)
  log(`failpoints: ${list(failpoints.hits())}`)
  log(`counts: ${list(sum(results.map(({ counts }) => new Map(Object.entries(counts)))))}`)
  for (const name of options.complete ? leftOut(results, failpoints.hits(), options.smallDisk) : []) {
    failed++
    log(`NEVER: ${name}`)
  }
  log(`${Math.max(0, options.rounds - failed)} passed, ${failed} failed`)
  if (failed > 0) process.exitCode = 1
  if (!options.keep) rmSync(directory, { recursive: true, force: true })
}

await main()
