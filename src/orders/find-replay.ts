/** Has this key made an order before? Asked for every refusal as well, so the questions of one turn travel as one statement. */
import type { Db } from '../kit/db/index.ts'
import { existingKey } from './decide-batch.ts'
import type { ExistingOrder } from './order.ts'
import { findExisting, type OrderKey } from './repository.ts'

/** One statement asks for no more keys than this. */
const QUESTIONS_MAX = 512
/** Statements under way at once: the next questions gather meanwhile. */
const STATEMENTS_MAX = 2

export type FindReplay = (key: OrderKey) => Promise<ExistingOrder | null>

interface Question {
  readonly key: OrderKey
  readonly resolve: (order: ExistingOrder | null) => void
  readonly reject: (error: unknown) => void
}

export function createFindReplay(db: Db): FindReplay {
  let waiting: Question[] = []
  let running = 0

  async function ask(questions: readonly Question[]): Promise<void> {
    running++
    try {
      const found = await findExisting(
        db,
        questions.map(question => question.key)
      )
      for (const { key, resolve } of questions) resolve(found.get(existingKey(key.resellerId, key.idempotencyKey)) ?? null)
    } catch (error) {
      for (const { reject } of questions) reject(error)
    } finally {
      running--
      askNext()
    }
  }

  function askNext(): void {
    while (running < STATEMENTS_MAX && waiting.length > 0) {
      const questions = waiting.slice(0, QUESTIONS_MAX)
      waiting = waiting.slice(QUESTIONS_MAX)
      void ask(questions)
    }
  }

  return key => {
    const { promise, resolve, reject } = Promise.withResolvers<ExistingOrder | null>()
    waiting.push({ key, resolve, reject })
    if (waiting.length === 1) setImmediate(askNext)
    return promise
  }
}
