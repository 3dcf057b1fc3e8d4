/** One event on its way to one endpoint. */

/** `failed`: all attempts were in vain; only a redelivery by the caller tries again. */
export const DELIVERY_STATES = ['pending', 'delivered', 'failed'] as const

export type DeliveryState = (typeof DELIVERY_STATES)[number]

export interface Delivery {
  readonly id: string
  readonly eventId: string
  readonly type: string
  readonly state: DeliveryState
  readonly attempts: number
  readonly nextAttemptAt: Date | null
  readonly lastStatus: number | null
  readonly lastError: string | null
  readonly createdAt: Date
  readonly finishedAt: Date | null
  /** Its place in the order of events. */
  readonly position: EventPosition
}

export interface EventPosition {
  readonly xid: string
  readonly seq: string
}

/** A delivery that this process may send until its lease ends. */
export interface ClaimedDelivery {
  readonly id: string
  readonly leaseId: string
  readonly endpointId: string
  readonly url: string
  /** This one included. */
  readonly attempts: number
  readonly event: { readonly id: string; readonly type: string; readonly createdAt: Date; readonly data: Readonly<Record<string, unknown>> }
}

/** What came of an attempt. */
export interface AttemptOutcome {
  readonly delivered: boolean
  readonly status: number | null
  readonly error: string | null
  readonly retryAfterMs: number | null
}

/** An endpoint that needs longer is told by the attempt to be slow; its events wait, others' do not. */
export const ATTEMPT_TIMEOUT_MS = 15_000
/** Longer than an attempt can take: after it, another process may try. */
export const LEASE_SECONDS = 45
