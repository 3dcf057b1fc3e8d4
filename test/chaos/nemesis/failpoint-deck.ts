/** Which failpoint the next process of a server ends at: those first that no process has ended at yet. */
import { FAILPOINTS, type FailpointName } from '../../../src/kit/failpoint.ts'
import type { Dice } from '../dice.ts'

/** Servers that never die of anything else are needed as well. */
const ARMED_OF_ONE = 0.6

/** Where a server comes by often, the first time is not the interesting one. */
const HITS_MAX: Readonly<Partial<Record<FailpointName, number>>> = {
  'transaction.committing': 1_000,
  'transaction.committed': 1_000,
  'outbox.written': 60,
  'order.locked': 60,
  'order.written': 60,
  'order.committed': 60,
  'webhook.claimed': 20,
  'webhook.answered': 20,
  'webhook.relayed': 10
}
const HITS_OTHERWISE = 2

export interface FailpointDeck {
  /** `name:hit`, or null: it is to live. */
  next(): string | null
  noteHit(name: string): void
  hits(): ReadonlyMap<string, number>
}

export function createFailpointDeck(dice: Dice): FailpointDeck {
  const hits = new Map<string, number>()
  let deck: FailpointName[] = []
  return {
    next: () => {
      if (!dice.chance(ARMED_OF_ONE)) return null
      if (deck.length === 0) {
        const never = FAILPOINTS.filter(name => !hits.has(name))
        deck = dice.shuffle(never.length > 0 ? never : FAILPOINTS)
      }
      const name = deck.shift()!
      return `${name}:${dice.int(1, HITS_MAX[name] ?? HITS_OTHERWISE)}`
    },
    noteHit: name => void hits.set(name, (hits.get(name) ?? 0) + 1),
    hits: () => hits
  }
}
