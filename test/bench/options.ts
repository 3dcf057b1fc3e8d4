import { join } from 'node:path'
import { parseArgs } from 'node:util'

export interface Options {
  /** Within ten minutes; what does not fit is null. */
  readonly quick: boolean
  /** Nothing but the ratios on standard output. */
  readonly json: boolean
  /** Names of scenarios; empty: all. */
  readonly only: readonly string[]
  readonly rounds: number
  /** Of one run. */
  readonly seconds: number
  /** Of the decay scenario. */
  readonly minutes: number
  /** Of the past, in the history scenario. */
  readonly orders: number
  /** Keys of the large warehouse. */
  readonly stock: number
  /** `null`: whichever is faster on the machine, in the scenario. */
  readonly driver: 'pgbench' | 'node' | null
  /** Processor profiles of the server, and PostgreSQL's statement statistics. */
  readonly profile: boolean
  readonly logLevel: string
  readonly output: string
}

export const CONNECTIONS = 256
export const HOT_RESELLERS = 200
export const MANY_SKUS = 1_000
export const MANY_RESELLERS = 1_000
export const YARDSTICK_CLIENTS = 16

/** After this a quick run begins no further scenario: the longest takes a bit more than a minute. */
export const QUICK_LAST_START_SECONDS = 490

const QUICK = { rounds: 3, seconds: 3 }
const FULL = { rounds: 7, seconds: 10 }

export const USAGE = `npm run bench -- [options] [results.json]
  --quick            within ten minutes; what does not fit is null
  --json             print only {"ratios": …} on standard output
  --only a,b         these scenarios (file names under test/bench/scenarios)
  --rounds n         runs of each side (${QUICK.rounds} quick, ${FULL.rounds} full)
  --seconds n        length of a run (${QUICK.seconds} quick, ${FULL.seconds} full)
  --minutes n        length of hour-decay (60)
  --orders n         orders of the past in history (3000000)
  --stock n          keys in stock-10m (10000000)
  --driver name      yardstick by pgbench or node; without it the faster of those that are there
  --profile          .cpuprofile files and the statements' costs beside the results
  --log-level level  of the server (info)`

/** Throws an Error that says what is wrong. */
export function readOptions(args: readonly string[]): Options | null {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      minutes: { type: 'string' },
      orders: { type: 'string' },
      stock: { type: 'string' },
      driver: { type: 'string' },
      'log-level': { type: 'string', default: 'info' }
    }
  })
  if (values.help) return null
  const preset = values.quick ? QUICK : FULL
  const { driver } = values
  if (driver !== undefined && driver !== 'pgbench' && driver !== 'node') throw new Error('--driver must be pgbench or node')
  return {
    quick: values.quick,
    json: values.json,
    only: values.only?.split(',') ?? [],
    rounds: positive(values.rounds, preset.rounds),
    seconds: positive(values.seconds, preset.seconds),
    minutes: positive(values.minutes, 60),
    orders: positive(values.orders, 3_000_000),
    stock: positive(values.stock, 10_000_000),
    driver: driver ?? null,
    profile: values.profile,
    logLevel: values['log-level'],
    output: positionals[0] ?? join(import.meta.dirname, 'results', values.quick ? 'quick.json' : 'full.json')
  }
}

function positive(text: string | undefined, fallback: number): number {
  const number = Number(text ?? fallback)
  if (!Number.isInteger(number) || number < 1) throw new Error(`${text} is not a whole number above zero`)
  return number
}
