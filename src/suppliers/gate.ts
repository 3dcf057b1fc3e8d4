/**
 * What stands before each supplier: a bulkhead (a slow one takes no more than its share), a circuit breaker (a broken one is left
 * alone for a while) and the supplier's own rate limit. Counted in this process.
 */
import { BrokenCircuitError, CircuitState, circuitBreaker, handleWhenResult, SamplingBreaker } from 'cockatiel'
import type { SupplierCapabilities } from './contract.ts'

/** The call was not made. */
export interface NotSent {
  readonly kind: 'not_sent'
}

export interface GateLimits {
  readonly callsInFlight: number
  readonly rateLimit: SupplierCapabilities['rateLimit']
}

export interface Gate {
  /** How many calls may start now. */
  slots(): number
  isOpen(): boolean
  run<T>(call: () => Promise<T>): Promise<T | NotSent>
  /** From now on; what is under way, and what was counted, stays so. */
  limit(limits: GateLimits): void
}

/** Half of the calls of half a minute failed: go on, and each order waits out its time-out. */
const FAULTS_OF_ONE = 0.5
const WINDOW_MS = 30_000
/** Below one call in two seconds there is too little to judge by. */
const MIN_CALLS_PER_SECOND = 0.5
const REST_MS = 10_000

export function createGate(initial: GateLimits): Gate {
  const breaker = circuitBreaker(
    handleWhenResult(isFault).orWhen(() => true),
    {
      halfOpenAfter: REST_MS,
      breaker: new SamplingBreaker({ threshold: FAULTS_OF_ONE, duration: WINDOW_MS, minimumRps: MIN_CALLS_PER_SECOND })
    }
  )
  let openedAt = 0
  breaker.onBreak(() => {
    openedAt = performance.now()
  })
  let { callsInFlight } = initial
  let underWay = 0
  const window = createWindow(initial.rateLimit)
  const isResting = (): boolean => breaker.state === CircuitState.Open && performance.now() - openedAt < REST_MS
  const isTrying = (): boolean => breaker.state === CircuitState.HalfOpen || breaker.state === CircuitState.Open
  const free = (): number => Math.min(callsInFlight - underWay, window.left())
  return {
    slots: () => (isResting() ? 0 : Math.max(0, Math.min(free(), isTrying() ? 1 : callsInFlight))),
    isOpen: isTrying,
    limit: limits => {
      callsInFlight = limits.callsInFlight
      window.limit(limits.rateLimit)
    },
    run: async call => {
      if (free() < 1) return { kind: 'not_sent' }
      let started = false
      underWay++
      try {
        return await breaker.execute(() => {
          started = true
          window.take()
          return call()
        })
      } catch (error) {
        if (!started && error instanceof BrokenCircuitError) return { kind: 'not_sent' }
        throw error
      } finally {
        underWay--
      }
    }
  }
}

/** No clear answer, or one that concerns every order at this supplier. A refusal of one order is a healthy answer. */
function isFault(result: unknown): boolean {
  if (typeof result !== 'object' || result === null || !('kind' in result)) return false
  if (result.kind === 'unknown') return true
  return result.kind === 'refused' && 'refusal' in result && (result.refusal === 'auth' || result.refusal === 'no_funds')
}

/** At most `requests` in any `perMs`, counted exactly. */
function createWindow(initial: SupplierCapabilities['rateLimit']) {
  let rateLimit = initial
  const taken: number[] = []
  return {
    left: () => {
      if (rateLimit === null) return Number.POSITIVE_INFINITY
      const since = performance.now() - rateLimit.perMs
      while (taken.length > 0 && (taken[0] ?? 0) <= since) taken.shift()
      return rateLimit.requests - taken.length
    },
    take: () => {
      if (rateLimit !== null) taken.push(performance.now())
    },
    limit: (next: SupplierCapabilities['rateLimit']) => {
      rateLimit = next
    }
  }
}
