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

export class LeadershipBoard<R extends AllocationRequest, A> {
  readonly #leases: Leases
  readonly #hooks: LeadershipHooks<R, A>

  constructor(leases: Leases, hooks: LeadershipHooks<R, A>) {
    this.#leases = leases
    this.#hooks = hooks
  }

  /** True if a batch may take the lane now; otherwise asks, and calls `ready` when it may. */
  admit(lane: Lane<R, A>): boolean {
    const now = this.#hooks.now()
    if (lane.leadership === 'alone' && now < lane.aloneUntil) return true
    if (lane.leadership === 'held' && now < lane.leaseUntil) return true
    if (lane.leadership !== 'asking') void this.#ask(lane)
    return false
  }

  /** After a batch: prolong, or hand over to the process that waits. */
  afterBatch(lane: Lane<R, A>): void {
    if (lane.leadership !== 'held') return
    const now = this.#hooks.now()
    if (lane.wanted && now - lane.ledSince >= MIN_REIGN_MS) this.#handOver(lane)
    else if (!lane.renewing && lane.leaseUntil - now < RENEW_BELOW_MS) void this.#renew(lane)
  }

  /** The fence was not ours any more: a newer leader exists. */
  lost(lane: Lane<R, A>): void {
    lane.leadership = 'none'
    lane.fence = null
  }

  wantedByOther(lane: Lane<R, A>): void {
    if (lane.leadership !== 'held') return
    lane.wanted = true
    if (lane.batches === 0 && lane.queue.length === 0) this.#handOver(lane)
  }

  freedByOther(lane: Lane<R, A>): void {
    if (lane.leadership === 'asking' && lane.retryTimer !== null) void this.#ask(lane)
  }

  async resign(lane: Lane<R, A>): Promise<void> {
    stopTimer(lane)
    const held = lane.leadership === 'held'
    this.lost(lane)
    if (held) await this.#leases.giveBack(lane.skuId)
  }

  async #ask(lane: Lane<R, A>): Promise<void> {
    stopTimer(lane)
    lane.leadership = 'asking'
    if (lane.askedAt === 0) lane.askedAt = this.#hooks.now()
    const answer = await this.#leases.take(lane.skuId)
    if (lane.leadership !== 'asking') return
    if (answer === 'granted') this.#lead(lane)
    else if (answer === 'unknown' || this.#hooks.now() - lane.askedAt > LEASE_WAIT_MAX_MS) this.#goAlone(lane)
    else {
      this.#leases.want(lane.skuId)
      this.#askLater(lane, ASK_AGAIN_MS)
    }
  }

  #lead(lane: Lane<R, A>): void {
    const now = this.#hooks.now()
    Object.assign(lane, { leadership: 'held', fence: null, wanted: false, ledSince: now, leaseUntil: now + LEASE_TTL_MS, askedAt: 0 })
    this.#hooks.ready(lane)
  }

  #goAlone(lane: Lane<R, A>): void {
    Object.assign(lane, { leadership: 'alone', fence: null, aloneUntil: this.#hooks.now() + ALONE_MS, askedAt: 0 })
    this.#hooks.ready(lane)
  }

  #askLater(lane: Lane<R, A>, delayMs: number): void {
    stopTimer(lane)
    lane.leadership = 'asking'
    lane.retryTimer = setTimeout(() => void this.#ask(lane), delayMs)
  }

  async #renew(lane: Lane<R, A>): Promise<void> {
    lane.renewing = true
    const answer = await this.#leases.take(lane.skuId)
    lane.renewing = false
    if (lane.leadership !== 'held') return
    // Without an answer the fence still stands until somebody mints a newer one, so work goes on with it.
    if (answer !== 'taken') lane.leaseUntil = this.#hooks.now() + LEASE_TTL_MS
    else lane.leadership = 'none'
  }

  #handOver(lane: Lane<R, A>): void {
    lane.fence = null
    lane.wanted = false
    void this.#leases.giveBack(lane.skuId)
    if (lane.queue.length === 0) lane.leadership = 'none'
    else this.#askLater(lane, YIELD_MS)
  }
}

function stopTimer(lane: { retryTimer: NodeJS.Timeout | null }): void {
  if (lane.retryTimer !== null) clearTimeout(lane.retryTimer)
  lane.retryTimer = null
}
