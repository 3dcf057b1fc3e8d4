/**
 * Sends what is due, many endpoints at a time and few requests to each. Endpoints that fail have their own share, so that they
 * cannot take the room of those that answer.
 */
import { type AttemptDeps, attemptDelivery } from './attempt-delivery.ts'
import { claimDeliveries } from './delivery-repository.ts'

export interface Deliverer {
  /** Starts what is due, and returns before it is sent. Whenever something has been sent, it goes on by itself. */
  turn(): Promise<void>
  /** Starts nothing more, and waits for what is being sent: at most as long as an attempt may take. */
  close(): Promise<void>
}

/** Requests at a time, of this process. A slow endpoint holds two of them. */
const IN_FLIGHT_MAX = 256
const FAILING_MAX = 64
/** To one endpoint, of all processes. */
const PER_ENDPOINT_MAX = 2
/** To all endpoints of one reseller, of all processes; those that fail leave half of it to the others. */
const PER_RESELLER_MAX = 8
const PER_RESELLER_FAILING_MAX = 4

export function createDeliverer(deps: AttemptDeps & { readonly onError: (error: unknown) => void }): Deliverer {
  const sending = { healthy: new Set<Promise<void>>(), failing: new Set<Promise<void>>() }
  let turning: Promise<void> | null = null
  let again = false
  let closed = false

  async function claimAndStart(share: 'healthy' | 'failing', max: number): Promise<void> {
    const limit = max - sending[share].size
    if (limit <= 0) return
    const failing = share === 'failing'
    const request = { failing, limit, perEndpoint: PER_ENDPOINT_MAX, perReseller: failing ? PER_RESELLER_FAILING_MAX : PER_RESELLER_MAX }
    for (const delivery of await deps.db.tx(tx => claimDeliveries(tx, request))) {
      const attempt = attemptDelivery(deps, delivery)
        // Its lease ends, and then it is tried again.
        .catch(deps.onError)
        .finally(() => {
          sending[share].delete(attempt)
          wake()
        })
      sending[share].add(attempt)
    }
  }

  async function run(): Promise<void> {
    do {
      again = false
      await claimAndStart('healthy', IN_FLIGHT_MAX)
      await claimAndStart('failing', FAILING_MAX)
    } while (again && !closed)
  }

  function turn(): Promise<void> {
    turning ??= run().finally(() => {
      turning = null
    })
    return turning
  }

  function wake(): void {
    again = true
    if (!closed) turn().catch(deps.onError)
  }

  return {
    turn: async () => {
      if (!closed) await turn()
    },
    close: async () => {
      closed = true
      await turning?.catch(() => undefined)
      await Promise.all([...sending.healthy, ...sending.failing])
    }
  }
}
