/** What a batch answers, given out in portions. */
import type { AllocationRequest, Ticket } from './lane.ts'

/** Answers go out in portions: PostgreSQL's next reply waits behind no more than one of them. */
const ANSWERS_PER_TURN = 8

export interface Answer<R extends AllocationRequest, A> {
  readonly ticket: Ticket<R, A>
  readonly answer: A
}

export function answerInTurns<R extends AllocationRequest, A>(answers: readonly Answer<R, A>[], from = 0): void {
  for (const { ticket, answer } of answers.slice(from, from + ANSWERS_PER_TURN)) ticket.resolve(answer)
  if (from + ANSWERS_PER_TURN < answers.length) setImmediate(() => answerInTurns(answers, from + ANSWERS_PER_TURN))
}
