/**
 * One leader per SKU across processes, elected by a Redis lease. Leadership buys speed only: a leader commits many orders at once
 * and nobody queues behind it on the same rows. When Redis is away, or a lease is never given back, work goes on without it.
 */
import { LEASE_TTL_MS, type Leases } from '../../kit/lock.ts'
import type { AllocationRequest, Lane } from './lane.ts'

/** A holder that is asked for its SKU keeps it this long, so that a handover pays for itself. */
const MIN_REIGN_MS = 15
/** Messages can be lost: a waiter also asks by itself this often. */
const ASK_AGAIN_MS = 25
/** After giving a SKU up: long enough for the process that asked to take it first. */
const YIELD_MS = 3
/** A waiter that got no turn for this long stops waiting for the lease; the row locks still separate it from the holder. */
const LEASE_WAIT_MAX_MS = 400
/** How long to go on alone before asking Redis again. */
const ALONE_MS = 1_000
/** A lease is prolonged in the background when less than this is left of it. */
const RENEW_BELOW_MS = LEASE_TTL_MS / 2

export interface LeadershipHooks<R extends AllocationRequest, A> {
  /** The lane may be worked on now. */
  readonly ready: (lane: Lane<R, A>) => void
  readonly now: () => number
}

export interface LeadershipOf<R extends AllocationRequest, A> {
  /** True if a batch may take the lane now; otherwise asks, and calls `ready` when it may. */
  admit(lane: Lane<R, A>): boolean
  /** After a batch: prolong, or hand over to the process that waits. */
  afterBatch(lane: Lane<R, A>): void
  /** The fence was not ours any more: a newer leader exists. */
  lost(lane: Lane<R, A>): void
  wantedByOther(lane: Lane<R, A>): void
  freedByOther(lane: Lane<R, A>): void
  resign(lane: Lane<R, A>): Promise<void>
}

export function createLeadership<R extends AllocationRequest, A>(leases: Leases, hooks: LeadershipHooks<R, A>): LeadershipOf<R, A> {
  const { now, ready } = hooks

  function ask(lane: Lane<R, A>): void {
    stopTimer(lane)
    lane.leadership = 'asking'
    if (lane.askedAt === 0) lane.askedAt = now()
    void leases.take(lane.skuId).then(answer => {
      if (lane.leadership !== 'asking') return
      if (answer === 'granted') lead(lane)
      else if (answer === 'unknown' || now() - lane.askedAt > LEASE_WAIT_MAX_MS) goAlone(lane)
      else {
        leases.want(lane.skuId)
        askLater(lane, ASK_AGAIN_MS)
      }
    })
  }

  function lead(lane: Lane<R, A>): void {
    Object.assign(lane, { leadership: 'held', fence: null, wanted: false, ledSince: now(), leaseUntil: now() + LEASE_TTL_MS, askedAt: 0 })
    ready(lane)
  }

  function goAlone(lane: Lane<R, A>): void {
    Object.assign(lane, { leadership: 'alone', fence: null, aloneUntil: now() + ALONE_MS, askedAt: 0 })
    ready(lane)
  }

  function askLater(lane: Lane<R, A>, delayMs: number): void {
    stopTimer(lane)
    lane.leadership = 'asking'
    lane.retryTimer = setTimeout(() => ask(lane), delayMs)
  }

  function renew(lane: Lane<R, A>): void {
    lane.renewing = true
    void leases.take(lane.skuId).then(answer => {
      lane.renewing = false
      if (lane.leadership !== 'held') return
      // Without an answer the fence still stands until somebody mints a newer one, so work goes on with it.
      if (answer !== 'taken') lane.leaseUntil = now() + LEASE_TTL_MS
      else lane.leadership = 'none'
    })
  }

  function handOver(lane: Lane<R, A>): void {
    Object.assign(lane, { fence: null, wanted: false })
    void leases.giveBack(lane.skuId)
    if (lane.queue.length === 0) lane.leadership = 'none'
    else askLater(lane, YIELD_MS)
  }

  const overdue = (lane: Lane<R, A>): boolean => lane.wanted && now() - lane.ledSince >= MIN_REIGN_MS

  return {
    admit: lane => {
      if (lane.leadership === 'alone' && now() < lane.aloneUntil) return true
      if (lane.leadership === 'held' && now() < lane.leaseUntil) return true
      if (lane.leadership !== 'asking') ask(lane)
      return false
    },
    afterBatch: lane => {
      if (lane.leadership !== 'held') return
      if (overdue(lane)) handOver(lane)
      else if (!lane.renewing && lane.leaseUntil - now() < RENEW_BELOW_MS) renew(lane)
    },
    lost: lane => {
      Object.assign(lane, { leadership: 'none', fence: null })
    },
    wantedByOther: lane => {
      if (lane.leadership !== 'held') return
      lane.wanted = true
      if (!lane.busy && lane.queue.length === 0) handOver(lane)
    },
    freedByOther: lane => {
      if (lane.leadership === 'asking' && lane.retryTimer !== null) ask(lane)
    },
    resign: async lane => {
      stopTimer(lane)
      const held = lane.leadership === 'held'
      Object.assign(lane, { leadership: 'none', fence: null })
      if (held) await leases.giveBack(lane.skuId)
    }
  }
}

function stopTimer(lane: { retryTimer: NodeJS.Timeout | null }): void {
  if (lane.retryTimer !== null) clearTimeout(lane.retryTimer)
  lane.retryTimer = null
}
