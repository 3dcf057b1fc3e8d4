/**
 * Outcomes of many calls in few transactions: what comes while one commits waits for the next. An outcome holds what a supplier sold, so
 * it is kept until the database has it; if this process dies first, the supplier is asked again.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { toDomainError } from '../../kit/db/index.ts'
import { DomainError } from '../../kit/errors.ts'

export interface Settler<T> {
  /** Resolves when it is committed, or given up with an error that is reported. */
  add(item: T): Promise<void>
  /** Resolves when nothing is waiting; from now on, what meets a database that is away is given up. */
  drain(): Promise<void>
}

/** One transaction locks as many orders; more would keep the event loop from others' requests. */
const BATCH_MAX = 100
const RETRY_BASE_MS = 100
const RETRY_MAX_MS = 5_000

export interface SettlerOptions<T> {
  /** Resolves when the next transaction may begin; whatever comes until then is part of it. */
  readonly ready: () => Promise<void>
  readonly commit: (items: readonly T[]) => Promise<void>
  readonly onError: (error: unknown, item: T) => void
}

export function createSettler<T>({ ready, commit, onError }: SettlerOptions<T>): Settler<T> {
  let waiting: { readonly item: T; readonly done: () => void }[] = []
  let running: Promise<void> | null = null
  let ending = false

  async function commitSafely(items: readonly T[]): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await commit(items)
        return
      } catch (error) {
        if (ending || !isPassing(error)) {
          // One that cannot be written must not keep its neighbours from being written.
          if (items.length > 1) for (const item of items) await commitSafely([item])
          else for (const item of items) onError(error, item)
          return
        }
        await wait(Math.min(RETRY_BASE_MS * 2 ** attempt, RETRY_MAX_MS))
      }
    }
  }

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      if (!ending) await ready()
      const batch = waiting.slice(0, BATCH_MAX)
      waiting = waiting.slice(BATCH_MAX)
      await commitSafely(batch.map(({ item }) => item))
      for (const { done } of batch) done()
    }
    running = null
  }

  return {
    add: item => {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.push({ item, done: resolve })
      running ??= run()
      return promise
    },
    drain: async () => {
      ending = true
      while (running !== null) await running
    }
  }
}

/** The database is away or busy: the same transaction succeeds later. */
function isPassing(error: unknown): boolean {
  const known = toDomainError(error)
  return known instanceof DomainError && (known.code === 'dependency_unavailable' || known.code === 'overloaded')
}
