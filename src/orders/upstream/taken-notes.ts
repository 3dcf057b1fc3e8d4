/** What was taken from sources, told to the tables a few times a second: a hint, which the supplier's next word replaces. */
import type { Taken } from '../../suppliers/index.ts'

/** Each note is a transaction of its own, and makes the listing stale. */
const NOTE_EVERY_MS = 250

export interface TakenNotes {
  add(taken: readonly Taken[]): void
  /** Writes what is left. */
  close(): Promise<void>
}

export function createTakenNotes(note: (taken: readonly Taken[]) => Promise<void>, onError: (error: unknown) => void): TakenNotes {
  let waiting: Taken[] = []
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  const flush = (): void => {
    const taken = waiting
    waiting = []
    timer = undefined
    if (taken.length > 0) running = running.then(() => note(taken)).catch(onError)
  }
  return {
    add: taken => {
      if (taken.length === 0) return
      waiting.push(...taken)
      timer ??= setTimeout(flush, NOTE_EVERY_MS)
    },
    close: async () => {
      clearTimeout(timer)
      flush()
      await running
    }
  }
}
