/** Breaks things, one after the other, by a schedule that the seed decides. A process of its own: one that made load as well would be slow to kill. */
import { setTimeout as wait } from 'node:timers/promises'
import { createDice } from '../dice.ts'
import { onOrder, report } from '../rig/child.ts'
import type { NemesisOrder, NemesisReport, Targets } from '../rig/messages.ts'
import { FAULTS, type Fault, type Hand } from './faults.ts'

/** Between two faults: enough to see whether it goes on. */
const PAUSE_MS = [100, 700] as const
const SERVES_MAX_MS = 15_000
const POLL_MS = 50

let targets: Targets

const tell = (message: NemesisReport): void => report(message)

/** Every fault once in each round of the deck, so that none is left to luck; until the time is over. */
async function run(order: Extract<NemesisOrder, { do: 'start' }>): Promise<void> {
  const dice = createDice(order.seed)
  const endsAt = performance.now() + order.seconds * 1_000
  const lingering = new Set<Promise<void>>()
  const hand: Hand = {
    dice,
    targets: () => targets,
    tell,
    linger: work => {
      const running = work().finally(() => lingering.delete(running))
      lingering.add(running)
    }
  }
  const chosen = Object.entries(FAULTS).filter(([name]) => order.faults.length === 0 || order.faults.some(each => name.startsWith(each)))
  if (chosen.length === 0) throw new Error(`no such fault: ${order.faults.join(', ')}`)
  let deck: (readonly [string, Fault])[] = []
  while (performance.now() < endsAt) {
    if (deck.length === 0) deck = dice.shuffle(chosen.flatMap(each => Array.from({ length: each[1].copies ?? 1 }, () => each)))
    const [name, fault] = deck.shift()!
    await wait(dice.int(...PAUSE_MS))
    await untilSomebodyServes()
    await strike(name, fault, hand)
  }
  await Promise.all(lingering)
  tell({ is: 'done' })
}

/** Where nobody serves there is nothing to break: on a slow machine servers would only be starting. */
async function untilSomebodyServes(): Promise<void> {
  const giveUpAt = performance.now() + SERVES_MAX_MS
  while (!targets.servers.some(server => server?.starting === false) && performance.now() < giveUpAt) await wait(POLL_MS)
}

async function strike(name: string, fault: Fault, hand: Hand): Promise<void> {
  try {
    const detail = await fault.strike(hand)
    tell(detail === null ? { is: 'missed', name, detail: 'its target was not there' } : { is: 'fault', name, detail })
  } catch (error) {
    tell({ is: 'missed', name, detail: error instanceof Error ? error.message : String(error) })
  }
}

onOrder<NemesisOrder>(order => {
  targets = order.targets
  if (order.do === 'start') void run(order)
})
