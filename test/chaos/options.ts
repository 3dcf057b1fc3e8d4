import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'

export interface Options {
  readonly tier: string
  readonly seed: number
  /** Each with databases of its own. */
  readonly rounds: number
  /** Under faults, in each round. */
  readonly seconds: number
  readonly clients: number
  /** Intents a second. */
  readonly rate: number
  /** Faults whose names begin so; empty: all. */
  readonly faults: readonly string[]
  readonly failpoints: boolean
  readonly skew: boolean
  /** PostgreSQL lies on a disk in memory that can be filled. */
  readonly smallDisk: boolean
  /** Every fault and every failpoint must have struck. */
  readonly complete: boolean
  /** The files of a green round are kept, too. */
  readonly keep: boolean
}

type Tier = Pick<Options, 'rounds' | 'seconds' | 'complete'>

const TIERS: Readonly<Record<string, Tier>> = {
  commit: { rounds: 1, seconds: 50, complete: false },
  nightly: { rounds: 20, seconds: 240, complete: true },
  release: { rounds: 80, seconds: 300, complete: true }
}

export const USAGE = `usage: npm run chaos -- [--tier commit|nightly|release] [--seed n] [--rounds n] [--seconds n] [--clients n] [--rate n]
  [--faults postgres.kill,server] [--no-failpoints] [--no-skew] [--small-disk] [--keep]
--small-disk (root on Linux only) puts PostgreSQL on a disk in memory, which is filled now and then.
A red run prints its seed; with the same options it strikes the same way again.`

/** Null: it asks for help. */
export function readOptions(args: string[]): Options | null {
  const { values } = parseArgs({
    args,
    options: {
      tier: { type: 'string', default: 'commit' },
      seed: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      clients: { type: 'string', default: '24' },
      rate: { type: 'string', default: '160' },
      faults: { type: 'string', default: '' },
      'no-failpoints': { type: 'boolean', default: false },
      'no-skew': { type: 'boolean', default: false },
      'small-disk': { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false }
    }
  })
  const tier = TIERS[values.tier]
  if (values.help || tier === undefined) return null
  const number = (text: string | undefined, otherwise: number): number => (text === undefined ? otherwise : Number(text))
  return {
    tier: values.tier,
    seed: number(values.seed, randomInt(1, 2 ** 31)),
    rounds: number(values.rounds, tier.rounds),
    seconds: number(values.seconds, tier.seconds),
    clients: Number(values.clients),
    rate: Number(values.rate),
    faults: values.faults.split(',').filter(name => name !== ''),
    failpoints: !values['no-failpoints'],
    skew: !values['no-skew'],
    smallDisk: values['small-disk'],
    complete: tier.complete && values.faults === '' && values.seconds === undefined,
    keep: values.keep
  }
}

/** The command that does the same again. */
export const replayOf = ({ rounds: _, ...options }: Options, seed: number): string =>
  [
    `npm run chaos -- --tier ${options.tier} --seed ${seed} --rounds 1 --seconds ${options.seconds} --clients ${options.clients} --rate ${options.rate}`,
    ...(options.faults.length === 0 ? [] : [`--faults ${options.faults.join(',')}`]),
    ...(options.failpoints ? [] : ['--no-failpoints']),
    ...(options.skew ? [] : ['--no-skew']),
    ...(options.smallDisk ? ['--small-disk'] : [])
  ].join(' ')
