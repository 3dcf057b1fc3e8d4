/** What an operator agreed with one supplier, over what its adapter says of all of them. Pure. */
import type { OutboundHttp } from '../kit/outbound-http.ts'
import type { SupplierAdapter, SupplierCapabilities } from './contract.ts'

/** What is absent is the adapter's, or kahub's own. */
export interface SupplierLimits {
  /** Calls under way at once, in each process. */
  readonly callsInFlight?: number
  readonly requestsPerMinute?: number
  /** A call that takes longer is unclear, and asked for. */
  readonly callTimeoutMs?: number
  readonly quietTimeMs?: number
  readonly reviewAfterMs?: number
}

/** More than a healthy supplier needs; a slow one must not take all connections and memory. */
export const CALLS_IN_FLIGHT_DEFAULT = 2_000
/** What adapters allow a request of theirs; less than what the buying flow waits. */
export const CALL_TIMEOUT_MAX_MS = 20_000

const SECOND_MS = 1_000
const SECONDS_PER_MINUTE = 60

/** The adapter as it is for this supplier. */
export function withLimits(adapter: SupplierAdapter, limits: SupplierLimits): SupplierAdapter {
  const { quietTimeMs, reviewAfterMs, rateLimit } = adapter.capabilities
  const capabilities = {
    ...adapter.capabilities,
    quietTimeMs: limits.quietTimeMs ?? quietTimeMs,
    reviewAfterMs: limits.reviewAfterMs ?? reviewAfterMs,
    rateLimit: limits.requestsPerMinute === undefined ? rateLimit : evenly(limits.requestsPerMinute)
  }
  return { ...adapter, capabilities }
}

/** In windows of a second where that is possible: a whole minute's worth at once is no rate. */
function evenly(perMinute: number): SupplierCapabilities['rateLimit'] {
  const perSecond = Math.floor(perMinute / SECONDS_PER_MINUTE)
  if (perSecond >= 1) return { requests: perSecond, perMs: SECOND_MS }
  return { requests: 1, perMs: Math.ceil((SECONDS_PER_MINUTE * SECOND_MS) / perMinute) }
}

/** Only ever shorter than what the adapter allows itself. */
export function withCallTimeout(http: OutboundHttp, { callTimeoutMs }: SupplierLimits): OutboundHttp {
  if (callTimeoutMs === undefined) return http
  return { ...http, send: request => http.send({ ...request, timeoutMs: Math.min(request.timeoutMs ?? callTimeoutMs, callTimeoutMs) }) }
}
