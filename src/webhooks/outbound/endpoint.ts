/** A reseller's endpoint: where its events are sent. Pure. */

export const ENDPOINT_STATES = ['active', 'paused'] as const

export type EndpointState = (typeof ENDPOINT_STATES)[number]

/** `failures`: nothing was delivered for days. `gone`: the endpoint answered 410. */
export const PAUSE_REASONS = ['caller', 'failures', 'gone'] as const

export type PauseReason = (typeof PAUSE_REASONS)[number]

export interface Endpoint {
  readonly id: string
  readonly resellerId: string
  readonly url: string
  readonly description: string | null
  /** Types, or groups such as `order.*`; empty: all. */
  readonly events: readonly string[]
  readonly state: EndpointState
  readonly pauseReason: PauseReason | null
  readonly pausedAt: Date | null
  /** The first failure after the last success. */
  readonly failingSince: Date | null
  readonly createdAt: Date
}

/** Each event is sent to each of them. */
export const ENDPOINTS_MAX = 16

/** How long the old secret signs beside the new one. */
export const SECRET_OVERLAP_SECONDS = 86_400

/** An endpoint that failed for this long without a single success is given up. Longer than the retries of one event. */
const FAILING_MAX_MS = 5 * 86_400_000

export const isGivenUp = (failingSince: Date, now: Date): boolean => now.getTime() - failingSince.getTime() >= FAILING_MAX_MS
