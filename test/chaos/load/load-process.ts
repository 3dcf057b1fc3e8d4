/** The load: clients that think, ask and insist. Writes what it saw to a file of its own. */
import { setTimeout as wait } from 'node:timers/promises'
import { createDice } from '../dice.ts'
import { onOrder, report } from '../rig/child.ts'
import { createClient } from './client.ts'
import { writeHistory } from './history.ts'
import { chooseAct, type Mix } from './mix.ts'
import type { Shop } from './shop.ts'

export type LoadOrder =
  | {
      readonly do: 'start'
      readonly seed: number
      readonly historyFile: string
      readonly origins: readonly string[]
      readonly shop: Shop
      readonly clients: number
      /** Intents a second, of all clients together. */
      readonly rate: number
    }
  /** No new intents; what is not answered for certain after `withinMs` is given up. */
  | { readonly do: 'finish'; readonly withinMs: number }

export type LoadReport =
  | { readonly is: 'failed'; readonly reason: string }
  /** `unresolved`: intents that never got a definite answer. */
  | { readonly is: 'finished'; readonly requests: number; readonly intents: number; readonly unresolved: number }

let finishing = false
let giveUpAt = Number.POSITIVE_INFINITY

async function run(order: Extract<LoadOrder, { do: 'start' }>): Promise<void> {
  const history = writeHistory(order.historyFile)
  const dice = createDice(order.seed)
  const client = createClient()
  let intents = 0
  const deps = {
    client,
    dice,
    history,
    origins: order.origins,
    shop: order.shop,
    now: () => performance.now(),
    patience: () => performance.now() < giveUpAt
  }
  const mix: Mix = { deps, nextIntent: () => ++intents, sent: [], answered: [], waiting: [], imported: [] }
  let unresolved = 0
  const customer = async (): Promise<void> => {
    while (!finishing) {
      await wait(dice.next() * 2_000 * (order.clients / order.rate))
      await chooseAct(mix)(mix)
      if (!deps.patience()) unresolved++
    }
  }
  await Promise.all(Array.from({ length: order.clients }, customer))
  const requests = history.count()
  history.close()
  await client.close()
  report<LoadReport>({ is: 'finished', requests, intents, unresolved })
}

onOrder<LoadOrder>(order => {
  if (order.do === 'start') run(order).catch((error: Error) => report<LoadReport>({ is: 'failed', reason: error.stack ?? error.message }))
  else {
    finishing = true
    giveUpAt = performance.now() + order.withinMs
  }
})
