/** Buying gives way: nobody sits before it, and an order from own stock is answered in the same event loop. */
import { setImmediate as nextTurn } from 'node:timers/promises'

/** A turn of the event loop that took longer had others' work in it, and more of it is coming. */
const CALM_TURN_MS = 4

/** Resolves after a calm turn of the event loop, and at the latest after `maxMs`: a busy process buys too, in larger portions. */
export async function breathe(maxMs: number): Promise<void> {
  const giveUpAt = performance.now() + maxMs
  for (;;) {
    const startedAt = performance.now()
    await nextTurn()
    const now = performance.now()
    if (now - startedAt < CALM_TURN_MS || now > giveUpAt) return
  }
}
