import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import type { Fault } from '../../../src/suppliers/simulators/faults.ts'

export interface Options {
  readonly seed: number
  readonly orders: number
  /** How often a server is killed while orders are placed. */
  readonly kills: number
  /** Names of simulators. */
  readonly suppliers: readonly string[]
  /** How often of 1. */
  readonly faults: Readonly<Partial<Record<Fault, number>>>
}

/** Every tenth call times out after its effect; the rest of what can go wrong is rarer. */
const FAULTS: Options['faults'] = {
  timeout_after: 0.1,
  error_after: 0.02,
  cut_after: 0.01,
  found_late: 0.01,
  not_json: 0.005,
  truncated: 0.005,
  unknown_code: 0.005,
  timeout_before: 0.01,
  error_before: 0.01,
  throttled: 0.01,
  partial: 0.01,
  wrong_quantity: 0.005,
  same_card: 0.005,
  fails: 0.005,
  callback_late: 0.1,
  callback_twice: 0.02,
  callback_forged: 0.02,
  callback_lost: 0.02
}

export const USAGE = `npm run soak:upstream -- [options]
  --orders n       orders that are bought (20000)
  --kills n        kill -9 of a server, alternating, while they are placed (6)
  --suppliers a,b  simulators to buy from
  --seed n         of faults and quantities; without it a new one, which is printed`

const SUPPLIERS = 'example,kahub,fulu,kayixin,kakayun,dujiao-next'
const SEED_MAX = 2 ** 31

export function readOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      orders: { type: 'string', default: '20000' },
      kills: { type: 'string', default: '6' },
      suppliers: { type: 'string', default: SUPPLIERS },
      seed: { type: 'string' },
      help: { type: 'boolean', default: false }
    }
  })
  if (values.help) return null
  const seed = values.seed === undefined ? randomInt(1, SEED_MAX) : Number(values.seed)
  return { seed, orders: Number(values.orders), kills: Number(values.kills), suppliers: values.suppliers.split(','), faults: FAULTS }
}

/** The same seed gives the same numbers. */
export function createDice(seed: number): (sides: number) => number {
  let state = seed | 0 || 1
  return sides => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % sides
  }
}
