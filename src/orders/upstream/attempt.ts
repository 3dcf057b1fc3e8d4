/** One purchase of some units of an order at one supplier: what is known of it, and when it is asked for again. Pure. */
import type { SealedCard } from '../../inventory/index.ts'
import type { RefusalKind } from '../../suppliers/index.ts'

/**
 * `intent`: committed, not sent. `sent`: a call may be under way. `unknown`: it may have been sold. `submitted`: the supplier took it.
 * `partial`: fewer came, and no more are waited for. `orphan`: given up, and then it came after all.
 */
export type AttemptState = 'intent' | 'sent' | 'unknown' | 'submitted' | 'review' | 'succeeded' | 'partial' | 'failed' | 'orphan'

const LIVE: readonly AttemptState[] = ['intent', 'sent', 'unknown', 'submitted', 'review']

/** The supplier may have sold it, or may yet: nobody else is asked for its units, and their money stays held. */
export const isLive = (state: AttemptState): boolean => LIVE.includes(state)

/** `failed`: another source may bring it. `abandoned`: nobody will. */
export type UnitState = 'live' | 'delivered' | 'failed' | 'abandoned'

export interface Unit {
  readonly position: number
  readonly state: UnitState
}

export interface Attempt {
  readonly id: string
  readonly orderId: string
  /** Counts the attempts of an order, from 0. */
  readonly ordinal: number
  readonly supplierId: string
  readonly productCode: string
  readonly state: AttemptState
  readonly upstreamId: string | null
  readonly unitCost: bigint
  /** How often it was sent. */
  readonly tries: number
  /** How often it was asked for since its state changed. */
  readonly checks: number
  /** How often in a row the supplier did not know it. */
  readonly notFound: number
  readonly duplicates: number
  readonly detail: string | null
  readonly quietTimeMs: number
  /** Since it was sent, by the clock of the database. */
  readonly ageMs: number
  /** It is so old that a person should look at it. */
  readonly isOverdue: boolean
  readonly units: readonly Unit[]
}

/** What the supplier said, or did not say. Cards are sealed already. */
export type Outcome =
  /** The call was not made. */
  | { readonly kind: 'not_sent' }
  /** It will not be sent: it waited too long, or its supplier was paused. Says nothing of an attempt that was sent meanwhile. */
  | { readonly kind: 'withdrawn'; readonly detail: string }
  /** Nobody can ask for it, and it is old: a person must look at it. */
  | { readonly kind: 'unserved'; readonly detail: string }
  | { readonly kind: 'accepted'; readonly upstreamId: string | null }
  /** `isWhole`: the supplier says that this is all. */
  | {
      readonly kind: 'delivered'
      readonly upstreamId: string | null
      readonly unitCost: bigint | null
      readonly cards: readonly SealedCard[]
      readonly isTopUp: boolean
      readonly isWhole: boolean
    }
  | { readonly kind: 'refused'; readonly refusal: RefusalKind; readonly detail: string; readonly isFromQuery: boolean }
  /** `canAsk` false: there is no way to find out but by a person. */
  | { readonly kind: 'unknown'; readonly detail: string; readonly canAsk: boolean }
  | { readonly kind: 'not_found' }
  /** A person says that it was not sold, and that nobody else is to be asked. */
  | { readonly kind: 'given_up'; readonly detail: string }

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

/** An unclear purchase is asked for at these distances, and then each hour. */
const UNCLEAR_MS = [5 * SECOND_MS, 15 * SECOND_MS, MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS] as const
/** One that the supplier took comes soon, or late. */
const SUBMITTED_MS = [
  SECOND_MS,
  2 * SECOND_MS,
  5 * SECOND_MS,
  15 * SECOND_MS,
  30 * SECOND_MS,
  MINUTE_MS,
  5 * MINUTE_MS,
  15 * MINUTE_MS,
  HOUR_MS
] as const
/** One that was given up because the supplier did not know it: it may still have come into being. */
const LATE_MS = [10 * MINUTE_MS, HOUR_MS, 24 * HOUR_MS] as const

const at = (delays: readonly number[], index: number): number => delays[Math.min(index, delays.length - 1)] ?? HOUR_MS

export const unclearDelayMs = (checks: number): number => at(UNCLEAR_MS, checks)
export const submittedDelayMs = (checks: number): number => at(SUBMITTED_MS, checks)
export const lateDelayMs = (checks: number): number | null => LATE_MS[checks] ?? null
/** A person has it; the supplier may still find an answer. */
export const REVIEW_DELAY_MS = HOUR_MS
/** A supplier that is busy is given this much more each time. */
export const busyDelayMs = (tries: number): number => SECOND_MS * 2 ** Math.min(tries, 5)
export const NOT_SENT_DELAY_MS = SECOND_MS
/** A process that was stopped for longer between the claim and the call must not call any more: somebody may be asking already. */
export const SEND_WITHIN_MS = 5 * SECOND_MS
/** Some adapters ask for a price or a token first. */
const CALLS_PER_PURCHASE = 2
/** Longer than any call: whoever is silent for as long is dead, and the attempt is asked for. */
export const leaseFor = (callTimeoutMs: number): number => SEND_WITHIN_MS + CALLS_PER_PURCHASE * callTimeoutMs + SECOND_MS

/** Less often might be a mirror of the supplier's that lags. */
export const NOT_FOUND_MIN = 3
/** A supplier that was too busy this often is refused in turn. */
export const BUSY_TRIES_MAX = 5
