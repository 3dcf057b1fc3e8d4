/**
 * The allocator's engine: orders wait in a lane for each SKU; a batch takes what waits in all lanes that this process may work on,
 * up to a size, and commits it in one transaction (the `commit` function that the orders module brings). One batch works on a
 * SKU at a time. Nothing here is needed for correctness: fences and row locks in PostgreSQL are, and they are checked in `commit`.
 */
import { DomainError, overloaded } from '../../kit/errors.ts'
import type { Leases } from '../../kit/lock.ts'
import { type AllocationRequest, createLane, type Lane, type Mandate, mandateOf, type Ticket } from './lane.ts'
import { createLeadership } from './leadership.ts'

/** Larger batches hold wallets longer than they save commits. */
const BATCH_MAX_ORDERS = 256
/** One batch decrypts and writes no more cards than this, unless a single order asks for more. */
const BATCH_MAX_CARDS = 2_000
/** A second batch fills the time in which the first waits for the disk; more only split the batches. */
const CONCURRENT_BATCHES = 2
/** A second batch must be worth its commit. */
const SECOND_BATCH_MIN_ORDERS = 24
/** Beyond these an order could not be answered within its client's patience. */
const LANE_MAX_WAITING = 16_384
const TOTAL_MAX_WAITING = 32_768
const WAIT_MAX_MS = 10_000
/** An order whose SKU changes hands this often meets a fault, not competition. */
const ATTEMPTS_MAX = 50
/** A lane without orders is forgotten, and its lease given back, after this long. */
const LANE_IDLE_MS = 30_000

export interface BatchLane {
  readonly skuId: string
  readonly mandate: Mandate
}

/** What became of one request of a batch. `again`: nothing was done, the fence of its SKU was lost. */
export type Verdict<A> = { readonly kind: 'answer'; readonly answer: A } | { readonly kind: 'again' }

export interface BatchResult<A> {
  /** In the order of the requests. */
  readonly verdicts: readonly Verdict<A>[]
  /** The fence after the batch, for each lane that may keep working with it. A lane that is missing has lost its leadership. */
  readonly fences: ReadonlyMap<string, bigint>
}

/** Commits a batch in one transaction, or throws and leaves nothing. */
export type CommitBatch<R extends AllocationRequest, A> = (requests: readonly R[], lanes: readonly BatchLane[]) => Promise<BatchResult<A>>

export interface AllocatorStats {
  readonly waiting: number
  readonly runningBatches: number
  readonly lanes: number
  /** Lanes that go on with row locks alone. */
  readonly degradedLanes: number
}

export interface Allocator<R extends AllocationRequest, A> {
  /** Throws: `overloaded`, and what `commit` throws. */
  submit(request: R): Promise<A>
  stats(): AllocatorStats
  /** Refuses new orders, lets the waiting ones finish, gives the leases back. */
  close(): Promise<void>
}

export interface AllocatorOptions<R extends AllocationRequest, A> {
  readonly leases: Leases
  readonly commit: CommitBatch<R, A>
  readonly onBatch?: (orders: number, durationMs: number) => void
}

export function createAllocator<R extends AllocationRequest, A>(options: AllocatorOptions<R, A>): Allocator<R, A> {
  const lanes = new Map<string, Lane<R, A>>()
  const ready = new Set<Lane<R, A>>()
  const now = (): number => performance.now()
  const leadership = createLeadership<R, A>(options.leases, { ready: lane => offer(lane), now })
  let waiting = 0
  let running = 0
  let closing = false
  let scheduled = false
  let drained: (() => void) | null = null

  function submit(request: R): Promise<A> {
    if (closing) return Promise.reject(overloaded('The server is shutting down. Repeat the request with the same key.'))
    const lane = laneOf(request.skuId)
    if (lane.queue.length >= LANE_MAX_WAITING || waiting >= TOTAL_MAX_WAITING) {
      return Promise.reject(overloaded('Too many orders are waiting. Repeat the request with the same key.'))
    }
    const { promise, resolve, reject } = Promise.withResolvers<A>()
    lane.queue.push({ request, enteredAt: now(), solo: false, attempts: 0, resolve, reject })
    waiting++
    offer(lane)
    return promise
  }

  function laneOf(skuId: string): Lane<R, A> {
    let lane = lanes.get(skuId)
    if (lane === undefined) {
      lane = createLane(skuId)
      lanes.set(skuId, lane)
    }
    return lane
  }

  function offer(lane: Lane<R, A>): void {
    if (lane.busy || lane.queue.length === 0) return
    if (leadership.admit(lane)) ready.add(lane)
    schedule()
  }

  /** One turn of the event loop later: all requests that arrived together then share a batch. */
  function schedule(): void {
    if (scheduled || ready.size === 0) return
    scheduled = true
    setImmediate(() => {
      scheduled = false
      while (ready.size > 0 && mayStart()) startBatch()
    })
  }

  function mayStart(): boolean {
    if (running === 0) return true
    if (running >= CONCURRENT_BATCHES) return false
    let orders = 0
    for (const lane of ready) {
      orders += lane.queue.length
      if (orders >= SECOND_BATCH_MIN_ORDERS) return true
    }
    return false
  }

  function startBatch(): void {
    const tickets: Ticket<R, A>[] = []
    const taken: Lane<R, A>[] = []
    let cards = 0
    for (const lane of ready) {
      if (tickets.length >= BATCH_MAX_ORDERS || cards >= BATCH_MAX_CARDS) break
      ready.delete(lane)
      const before = tickets.length
      cards += fill(lane, tickets, cards)
      if (tickets.length > before) {
        lane.busy = true
        taken.push(lane)
      }
      if (tickets[0]?.solo === true) break
    }
    if (tickets.length > 0) void run(tickets, taken)
  }

  /** Moves tickets of a lane into the batch; returns how many cards they ask for. */
  function fill(lane: Lane<R, A>, tickets: Ticket<R, A>[], cardsSoFar: number): number {
    let cards = 0
    let moved = 0
    for (const ticket of lane.queue) {
      const full = tickets.length >= BATCH_MAX_ORDERS || (tickets.length > 0 && cardsSoFar + cards + ticket.request.quantity > BATCH_MAX_CARDS)
      if (full || (ticket.solo && tickets.length > 0)) break
      moved++
      waiting--
      if (now() - ticket.enteredAt > WAIT_MAX_MS || ticket.attempts >= ATTEMPTS_MAX) {
        ticket.reject(overloaded('The order waited too long. Repeat the request with the same key.'))
        continue
      }
      tickets.push(ticket)
      cards += ticket.request.quantity
      if (ticket.solo) break
    }
    lane.queue.splice(0, moved)
    return cards
  }

  async function run(tickets: Ticket<R, A>[], taken: Lane<R, A>[]): Promise<void> {
    running++
    const startedAt = now()
    try {
      const result = await options.commit(
        tickets.map(ticket => ticket.request),
        taken.map(lane => ({ skuId: lane.skuId, mandate: mandateOf(lane) }))
      )
      settle(tickets, taken, result)
    } catch (error) {
      fail(tickets, taken, error)
    } finally {
      running--
      options.onBatch?.(tickets.length, now() - startedAt)
      for (const lane of taken) {
        lane.busy = false
        leadership.afterBatch(lane)
        offer(lane)
      }
      schedule()
      if (closing && waiting === 0 && running === 0) drained?.()
    }
  }

  function settle(tickets: Ticket<R, A>[], taken: Lane<R, A>[], result: BatchResult<A>): void {
    for (const lane of taken) {
      if (lane.leadership !== 'held') continue
      const fence = result.fences.get(lane.skuId)
      if (fence === undefined) leadership.lost(lane)
      else lane.fence = fence
    }
    const again: Ticket<R, A>[] = []
    tickets.forEach((ticket, index) => {
      const verdict = result.verdicts[index]
      if (verdict?.kind === 'answer') ticket.resolve(verdict.answer)
      else again.push(ticket)
    })
    requeue(again)
  }

  /** A failure that names its reason is the answer; an unknown one is tried order by order, so that one cannot fail its neighbours. */
  function fail(tickets: Ticket<R, A>[], taken: Lane<R, A>[], error: unknown): void {
    for (const lane of taken) lane.fence = null
    if (error instanceof DomainError || tickets.length === 1) {
      for (const ticket of tickets) ticket.reject(error)
      return
    }
    for (const ticket of tickets) ticket.solo = true
    requeue(tickets)
  }

  function requeue(tickets: Ticket<R, A>[]): void {
    for (const ticket of tickets.toReversed()) {
      ticket.attempts++
      waiting++
      laneOf(ticket.request.skuId).queue.unshift(ticket)
    }
  }

  function forgetIdleLanes(): void {
    for (const lane of lanes.values()) {
      const idle = lane.queue.length === 0 && !lane.busy && now() - Math.max(lane.ledSince, lane.leaseUntil - LANE_IDLE_MS) > LANE_IDLE_MS
      if (!idle) continue
      lanes.delete(lane.skuId)
      void leadership.resign(lane)
    }
  }

  const sweeper = setInterval(forgetIdleLanes, LANE_IDLE_MS)
  sweeper.unref()
  options.leases.onWanted(skuId => withLane(skuId, leadership.wantedByOther))
  options.leases.onFreed(skuId => withLane(skuId, leadership.freedByOther))

  function withLane(skuId: string, act: (lane: Lane<R, A>) => void): void {
    const lane = lanes.get(skuId)
    if (lane !== undefined) act(lane)
  }

  return {
    submit,
    stats: () => ({
      waiting,
      runningBatches: running,
      lanes: lanes.size,
      degradedLanes: [...lanes.values()].filter(lane => lane.leadership === 'alone').length
    }),
    close: async () => {
      closing = true
      clearInterval(sweeper)
      if (waiting > 0 || running > 0)
        await new Promise<void>(resolve => {
          drained = resolve
        })
      await Promise.all([...lanes.values()].map(leadership.resign))
    }
  }
}
