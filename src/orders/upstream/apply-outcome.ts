/** What an outcome makes of an attempt: pure, and the only place that decides it. Nothing but a definite answer ends an attempt. */
import type { SealedCard } from '../../inventory/index.ts'
import { assertNever } from '../../kit/errors.ts'
import type { RefusalKind } from '../../suppliers/index.ts'
import {
  type Attempt,
  BUSY_TRIES_MAX,
  busyDelayMs,
  isLive,
  lateDelayMs,
  NOT_FOUND_MIN,
  NOT_SENT_DELAY_MS,
  type Outcome,
  REVIEW_DELAY_MS,
  submittedDelayMs,
  type UnitState,
  unclearDelayMs
} from './attempt.ts'

export interface Applied {
  /** As it is from now on, with its units. */
  readonly attempt: Attempt
  /** Null: it is not asked for any more. */
  readonly dueInMs: number | null
  /** Cards with the place in the order that they fill. */
  readonly issued: readonly { readonly card: SealedCard; readonly position: number }[]
  /** Nobody waits for them: stocked, if they came too late; set aside, if they were never ordered. */
  readonly spare: readonly { readonly card: SealedCard; readonly state: 'available' | 'quarantined' }[]
  readonly deliveredUnits: number
  /** It came, or came again, after it had ended. */
  readonly isLate: boolean
  /** Why the supplier certainly did not sell. */
  readonly refusal: RefusalKind | null
}

/** `fresh`: ids of cards that were never seen before. Null: the outcome says nothing of the attempt as it is now. */
export function applyOutcome(attempt: Attempt, outcome: Outcome, fresh: ReadonlySet<string>): Applied | null {
  if (!isLive(attempt.state)) return applyLate(attempt, outcome, fresh)
  switch (outcome.kind) {
    case 'not_sent':
      return attempt.state === 'sent' ? stay({ ...attempt, state: 'intent' }, NOT_SENT_DELAY_MS) : stay(attempt, unclearDelayMs(0))
    case 'withdrawn':
      return attempt.state === 'intent' ? end({ ...attempt, state: 'failed', detail: outcome.detail }, 'failed', null) : null
    case 'unserved':
      // It stays due: whoever can ask again asks at once.
      return attempt.isOverdue ? stay({ ...attempt, state: 'review', detail: outcome.detail }, 0) : null
    case 'accepted':
      return accept(attempt, outcome.upstreamId)
    case 'unknown':
      return outcome.canAsk ? doubt(attempt, outcome.detail) : stay({ ...attempt, state: 'review', detail: outcome.detail }, REVIEW_DELAY_MS)
    case 'not_found':
      return notFound(attempt)
    case 'refused':
      return refuse(attempt, outcome)
    case 'given_up':
      return end({ ...attempt, state: 'failed', detail: outcome.detail }, 'abandoned', null)
    case 'delivered':
      return deliver(attempt, outcome, fresh)
    default:
      return assertNever(outcome)
  }
}

const nothing = { issued: [], spare: [], deliveredUnits: 0, isLate: false, refusal: null } as const

const stay = (attempt: Attempt, dueInMs: number | null): Applied => ({ attempt, dueInMs, ...nothing })

const end = (attempt: Attempt, units: UnitState, dueInMs: number | null): Applied =>
  stay({ ...attempt, checks: 0, units: attempt.units.map(unit => (unit.state === 'live' ? { ...unit, state: units } : unit)) }, dueInMs)

function accept(attempt: Attempt, upstreamId: string | null): Applied {
  const checks = attempt.state === 'submitted' ? attempt.checks + 1 : 0
  const known = { ...attempt, upstreamId: upstreamId ?? attempt.upstreamId, notFound: 0, checks }
  if (attempt.isOverdue) return stay({ ...known, state: 'review' }, REVIEW_DELAY_MS)
  return stay({ ...known, state: 'submitted' }, submittedDelayMs(checks))
}

/** What the supplier took stays taken, whatever a query fails to say. */
function doubt(attempt: Attempt, detail: string): Applied {
  const first = attempt.state === 'sent' || attempt.state === 'intent'
  const checks = first ? 0 : attempt.checks + 1
  const unclear = { ...attempt, checks, detail }
  if (attempt.isOverdue) return stay({ ...unclear, state: 'review' }, REVIEW_DELAY_MS)
  return stay({ ...unclear, state: attempt.state === 'submitted' ? 'submitted' : 'unknown' }, unclearDelayMs(checks))
}

/** Counts only if it is said again, after the quiet time, of a purchase that the supplier never gave a number. */
function notFound(attempt: Attempt): Applied {
  const counted = { ...attempt, notFound: attempt.notFound + 1 }
  const isSure = attempt.upstreamId === null && counted.notFound >= NOT_FOUND_MIN && attempt.ageMs > attempt.quietTimeMs
  if (!isSure) return doubt(counted, 'the supplier does not know it')
  return end({ ...counted, state: 'failed', detail: 'the supplier does not know it' }, 'failed', lateDelayMs(0))
}

function refuse(attempt: Attempt, outcome: Extract<Outcome, { kind: 'refused' }>): Applied {
  const { refusal, detail, isFromQuery } = outcome
  const wasNotTaken = attempt.state === 'sent' && !isFromQuery
  if (refusal === 'rate_limited' && wasNotTaken && attempt.tries < BUSY_TRIES_MAX) {
    return stay({ ...attempt, state: 'intent', detail }, busyDelayMs(attempt.tries))
  }
  return { ...end({ ...attempt, state: 'failed', detail: `${refusal}: ${detail}` }, 'failed', null), refusal }
}

function deliver(attempt: Attempt, outcome: Extract<Outcome, { kind: 'delivered' }>, fresh: ReadonlySet<string>): Applied {
  const positions = attempt.units.filter(unit => unit.state === 'live').map(unit => unit.position)
  const good = outcome.cards.filter(card => fresh.has(card.id))
  const filled = outcome.isTopUp ? positions : positions.slice(0, good.length)
  const issued = outcome.isTopUp ? [] : filled.map((position, index) => ({ card: good[index]!, position }))
  const spare = good.slice(issued.length).map(card => ({ card, state: 'quarantined' as const }))
  const done = new Set(filled)
  const isAll = filled.length === positions.length
  const ended: Attempt = {
    ...attempt,
    state: isAll ? 'succeeded' : filled.length > 0 ? 'partial' : 'failed',
    upstreamId: outcome.upstreamId ?? attempt.upstreamId,
    unitCost: outcome.unitCost ?? attempt.unitCost,
    duplicates: attempt.duplicates + outcome.cards.length - good.length,
    checks: 0,
    units: attempt.units.map(unit =>
      unit.state === 'live' ? { ...unit, state: done.has(unit.position) ? ('delivered' as const) : ('abandoned' as const) } : unit
    )
  }
  const dueInMs = isAll || outcome.isWhole ? null : lateDelayMs(0)
  return { ...stay(ended, dueInMs), issued, spare, deliveredUnits: filled.length }
}

/** Cards that nobody waits for any more are ours all the same. Its order is not touched. */
function applyLate(attempt: Attempt, outcome: Outcome, fresh: ReadonlySet<string>): Applied {
  if (outcome.kind !== 'delivered') {
    const checks = attempt.checks + 1
    return stay({ ...attempt, checks }, attempt.state === 'failed' || attempt.state === 'partial' ? lateDelayMs(checks) : null)
  }
  const spare = outcome.cards.filter(card => fresh.has(card.id)).map(card => ({ card, state: 'available' as const }))
  const isLate = spare.length > 0 || (outcome.isTopUp && attempt.state === 'failed')
  const state = isLate && attempt.state === 'failed' ? 'orphan' : attempt.state
  return { ...stay({ ...attempt, state }, null), spare, isLate }
}
