/** What goes wrong at a simulated supplier, and when: by a script for single requests, otherwise by seeded chance. */

/** Around the answer. `…_before`: nothing was sold; `…_after`: it was, and the buyer does not hear of it. */
const WIRE_FAULTS = [
  'timeout_before',
  'timeout_after',
  'error_before',
  'error_after',
  'cut_after',
  'not_json',
  'truncated',
  'empty',
  'huge',
  'slow',
  'redirect'
] as const

/** In the protocol's own words. */
const ANSWER_FAULTS = ['unknown_code', 'throttled', 'not_found'] as const

/** In what is delivered. `found_late`: sold without an answer, and denied for the first seconds. */
const SALE_FAULTS = ['found_late', 'partial', 'wrong_quantity', 'same_card', 'apology', 'fails'] as const

/** In what is pushed. */
const CALLBACK_FAULTS = ['callback_twice', 'callback_late', 'callback_forged', 'callback_lost'] as const

export const FAULTS = [...WIRE_FAULTS, ...ANSWER_FAULTS, ...SALE_FAULTS, ...CALLBACK_FAULTS] as const

export type SaleFault = (typeof SALE_FAULTS)[number]
export type CallbackFault = (typeof CALLBACK_FAULTS)[number]
export type Fault = (typeof FAULTS)[number]

export type Operation = 'place' | 'query' | 'other'

const includes = <T extends string>(list: readonly T[], value: string | null): value is T => value !== null && list.some(each => each === value)
export const isFault = (value: string): value is Fault => includes(FAULTS, value)
export const saleFault = (fault: Fault | null): SaleFault | null => (includes(SALE_FAULTS, fault) ? fault : null)
export const callbackFault = (fault: Fault | null): CallbackFault | null => (includes(CALLBACK_FAULTS, fault) ? fault : null)

/** A query can only be not found; everything else is most dangerous at the purchase. */
const operationOf = (fault: Fault): Operation => (fault === 'not_found' ? 'query' : 'place')

export interface FaultStep {
  readonly fault: Fault
  /** Default: the place, and for `not_found` the query. */
  readonly on?: Operation
  /** Default: one request. */
  readonly times?: number
}

export interface FaultPlan {
  /** Each step meets the next requests of its operation, in this order, before chance is asked. */
  script(...steps: readonly FaultStep[]): void
  /** How often of 1; what is left out never happens. */
  rates(rates: Readonly<Record<string, unknown>>): void
  next(operation: Operation): Fault | null
}

/** The same seed gives the same faults for the same requests (xorshift32). */
function createDice(seed: number): () => number {
  let state = seed | 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

export function createFaultPlan(seed: number): FaultPlan {
  const dice = createDice(seed)
  const waiting: { readonly fault: Fault; readonly on: Operation }[] = []
  let chances: readonly (readonly [Fault, number])[] = []
  return {
    script: (...steps) => {
      for (const { fault, on = operationOf(fault), times = 1 } of steps) waiting.push(...Array.from({ length: times }, () => ({ fault, on })))
    },
    rates: rates => {
      chances = Object.entries(rates).flatMap(([fault, rate]) =>
        isFault(fault) && typeof rate === 'number' && rate > 0 ? [[fault, rate] as const] : []
      )
    },
    next: operation => {
      const index = waiting.findIndex(({ on }) => on === operation)
      if (index >= 0) return waiting.splice(index, 1)[0]?.fault ?? null
      for (const [fault, rate] of chances) if (operationOf(fault) === operation && dice() < rate) return fault
      return null
    }
  }
}
