/** Whether orders are taken, as this process knows it: read once a second, never for an order. */
import type { Db } from '../kit/db/index.ts'
import { DomainError } from '../kit/errors.ts'
import { type IntakeRow, readIntake } from './repository.ts'

export interface IntakeGate {
  /** Why an order is refused; null: it is taken. */
  refusal(): DomainError | null
  /** As it was last read. */
  status(): IntakeRow
  /** Reads it now. Throws: overloaded, dependency_unavailable. */
  refresh(): Promise<IntakeRow>
  close(): void
}

/** Every instance has stopped this long after one has found out. */
const REFRESH_MS = 1_000
/** People have to look first. */
const RETRY_AFTER_S = 30

const stopped = (): DomainError =>
  new DomainError(
    'dependency_unavailable',
    'No new orders are taken: a check of money or stock did not add up, and the operators are looking at it. Nothing was bought. Repeat the request with the same key.',
    { retryAfterSeconds: RETRY_AFTER_S }
  )

/**
 * Reads it before it resolves: an intake that was stopped stays so for an instance that starts. A database that does not answer later
 * leaves it as it was: orders need the database as well. Throws: overloaded, dependency_unavailable.
 */
export async function createIntakeGate(db: Db): Promise<IntakeGate> {
  let known = await readIntake(db)
  const refresh = async (): Promise<IntakeRow> => {
    known = await readIntake(db)
    return known
  }
  let timer: NodeJS.Timeout | undefined
  let closed = false
  const again = (): void => {
    if (closed) return
    timer = setTimeout(() => void refresh().then(again, again), REFRESH_MS)
    timer.unref()
  }
  again()
  return {
    refusal: () => (known.stoppedAt === null ? null : stopped()),
    status: () => known,
    refresh,
    close: () => {
      closed = true
      clearTimeout(timer)
    }
  }
}
