/** When a delivery that failed is tried again. */

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** The wait after the first, second, … failed attempt; after the last there is no other. Three days in all. */
const WAITS_MS = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR]
/** Endpoints that failed together shall not be called together. */
const JITTER = 0.2
const RETRY_AFTER_MAX_MS = 24 * HOUR

/**
 * Milliseconds until the next attempt; null: there is none. `attempts` were made so far. Never earlier than the endpoint asked for.
 * `random` is in [0, 1).
 */
export function retryWaitMs(attempts: number, retryAfterMs: number | null, random: number): number | null {
  const wait = WAITS_MS[attempts - 1]
  if (wait === undefined) return null
  return Math.round(Math.max(wait * (1 - JITTER + 2 * JITTER * random), Math.min(retryAfterMs ?? 0, RETRY_AFTER_MAX_MS)))
}

/** What a `Retry-After` header asks for: seconds, or a date. Null: nothing that can be read. */
export function retryAfterMs(header: string | undefined, now: Date): number | null {
  if (header === undefined) return null
  if (/^\d+$/.test(header.trim())) return Math.min(Number(header) * SECOND, RETRY_AFTER_MAX_MS)
  const date = Date.parse(header)
  return Number.isNaN(date) ? null : Math.max(0, date - now.getTime())
}
