/**
 * The allocator's engine: orders wait in a lane for each SKU; a batch takes what waits in all lanes that this process may work on,
 * up to a size, and commits it in one transaction (the `commit` function that the orders module brings). A second batch of a SKU
 * waits for its row in PostgreSQL, and goes on there the moment the first has committed. Nothing here is needed for correctness:
 * fences and row locks in PostgreSQL are, and they are checked in `commit`.
 */
import { DomainError, overloaded } from '../../kit/errors.ts'
import type { Leases } from '../../kit/lock.ts'
import { type Answer, answerInTurns } from './answers.ts'
import { type AllocationRequest, createLane, isReserving, type Lane, type Mandate, mandateOf, type Ticket } from './lane.ts'
import { LeadershipBoard } from './leadership.ts'

/** Larger batches hold wallets longer than they save commits. */
const BATCH_MAX_ORDERS = 256
/** One batch decrypts and writes no more cards than this, unless a single order asks for more. */
const BATCH_MAX_CARDS = 2_000
/** A second batch fills the time in which the first waits for the disk; more only split the batches. */
const CONCURRENT_BATCHES = 2
/** A second batch must be worth its commit. */
const SECOND_BATCH_MIN_ORDERS = 64
/** Beyond these an order could not be answered within its client's patience. */
const LANE_MAX_WAITING = 16_384
const TOTAL_MAX_WAITING = 32_768
const WAIT_MAX_MS = 20_000
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

export const createAllocator = <R extends AllocationRequest, A>(options: AllocatorOptions<R, A>): Allocator<R, A> => new GroupCommitAllocator(options)

class GroupCommitAllocator<R extends AllocationRequest, A> implements Allocator<R, A> {
  readonly #options: AllocatorOptions<R, A>
  readonly #leadership: LeadershipBoard<R, A>
  readonly #sweeper: NodeJS.Timeout
  readonly #lanes = new Map<string, Lane<R, A>>()
  /** Lanes with orders that this process may work on now, in the order in which they became so. */
  readonly #ready = new Set<Lane<R, A>>()
  #waiting = 0
  #running = 0
  /** Of the running batches, those of orders whose goods come later. */
  #reserving = 0
  #closing = false
  #scheduled = false
  #drained: (() => void) | null = null

  constructor(options: AllocatorOptions<R, A>) {
    this.#options = options
    this.#leadership = new LeadershipBoard(options.leases, { ready: lane => this.#offer(lane), now: () => performance.now() })
    options.leases.onWanted(skuId => this.#withLane(skuId, lane => this.#leadership.wantedByOther(lane)))
    options.leases.onFreed(skuId => this.#withLane(skuId, lane => this.#leadership.freedByOther(lane)))
    this.#sweeper = setInterval(() => this.#forgetIdleLanes(), LANE_IDLE_MS)
    this.#sweeper.unref()
  }

  submit(request: R): Promise<A> {
    if (this.#closing) return Promise.reject(overloaded('The server is shutting down. Repeat the request with the same key.'))
    const lane = this.#laneOf(request.skuId)
    if (lane.queue.length >= LANE_MAX_WAITING || this.#waiting >= TOTAL_MAX_WAITING) {
      return Promise.reject(overloaded('Too many orders are waiting. Repeat the request with the same key.'))
    }
    const { promise, resolve, reject } = Promise.withResolvers<A>()
    lane.queue.push({ request, enteredAt: performance.now(), solo: false, attempts: 0, resolve, reject })
    this.#waiting++
    this.#offer(lane)
    return promise
  }

  stats(): AllocatorStats {
    let degradedLanes = 0
    for (const lane of this.#lanes.values()) if (lane.leadership === 'alone') degradedLanes++
    return { waiting: this.#waiting, runningBatches: this.#running, lanes: this.#lanes.size, degradedLanes }
  }

  async close(): Promise<void> {
    this.#closing = true
    clearInterval(this.#sweeper)
    if (this.#waiting > 0 || this.#running > 0) {
      await new Promise<void>(resolve => {
        this.#drained = resolve
      })
    }
    await Promise.all([...this.#lanes.values()].map(lane => this.#leadership.resign(lane)))
  }

  #laneOf(skuId: string): Lane<R, A> {
    let lane = this.#lanes.get(skuId)
    if (lane === undefined) {
      lane = createLane(skuId)
      this.#lanes.set(skuId, lane)
    }
    return lane
  }

  #withLane(skuId: string, act: (lane: Lane<R, A>) => void): void {
    const lane = this.#lanes.get(skuId)
    if (lane !== undefined) act(lane)
  }

  #offer(lane: Lane<R, A>): void {
    if (!mayTake(lane)) return
    if (this.#leadership.admit(lane)) this.#ready.add(lane)
    this.#schedule()
  }

  /** One turn of the event loop later: all requests that arrived together then share a batch. */
  #schedule(): void {
    if (this.#scheduled || this.#ready.size === 0) return
    this.#scheduled = true
    setImmediate(() => this.#startBatches())
  }

  #startBatches(): void {
    this.#scheduled = false
    while (this.#mayStart()) this.#startBatch(false)
    // Beside the others: whose goods are here does not wait for what is only reserved.
    if (this.#reserving === 0) this.#startBatch(true)
  }

  #mayStart(): boolean {
    const running = this.#running - this.#reserving
    if (running >= CONCURRENT_BATCHES) return false
    const enough = running === 0 ? 1 : SECOND_BATCH_MIN_ORDERS
    let orders = 0
    for (const lane of this.#ready) {
      if (isReserving(lane)) continue
      orders += lane.queue.length
      if (orders >= enough) return true
    }
    return false
  }

  #startBatch(reserving: boolean): void {
    const tickets: Ticket<R, A>[] = []
    const taken: Lane<R, A>[] = []
    let cards = 0
    for (const lane of this.#ready) {
      if (tickets.length >= BATCH_MAX_ORDERS || cards >= BATCH_MAX_CARDS) break
      if (isReserving(lane) !== reserving) continue
      const before = tickets.length
      if (mayTake(lane)) cards += this.#fill(lane, tickets, cards)
      // Its first order does not fit into what is left of this batch: the lane stays ready for the next.
      if (tickets.length === before && mayTake(lane)) continue
      this.#ready.delete(lane)
      if (tickets.length > before) {
        lane.batches++
        taken.push(lane)
      }
      if (tickets[0]?.solo === true) break
    }
    if (tickets.length > 0) void this.#run(tickets, taken, reserving)
    for (const lane of taken) this.#offer(lane)
  }

  /** Moves tickets of a lane into the batch; returns how many cards they ask for. */
  #fill(lane: Lane<R, A>, tickets: Ticket<R, A>[], cardsSoFar: number): number {
    const now = performance.now()
    let cards = 0
    let moved = 0
    for (const ticket of lane.queue) {
      const full = tickets.length >= BATCH_MAX_ORDERS || cardsSoFar + cards + ticket.request.quantity > BATCH_MAX_CARDS
      if (tickets.length > 0 && (full || ticket.solo)) break
      moved++
      if (now - ticket.enteredAt > WAIT_MAX_MS || ticket.attempts >= ATTEMPTS_MAX) {
        ticket.reject(overloaded('The order waited too long. Repeat the request with the same key.'))
        continue
      }
      tickets.push(ticket)
      cards += ticket.request.quantity
      if (ticket.solo) break
    }
    lane.queue.splice(0, moved)
    this.#waiting -= moved
    return cards
  }

  async #run(tickets: Ticket<R, A>[], taken: Lane<R, A>[], reserving: boolean): Promise<void> {
    this.#running++
    if (reserving) this.#reserving++
    const startedAt = performance.now()
    let answers: Answer<R, A>[] = []
    try {
      const lanes = taken.map(lane => ({ skuId: lane.skuId, mandate: mandateOf(lane) }))
      const result = await this.#options.commit(
        tickets.map(ticket => ticket.request),
        lanes
      )
      answers = this.#settle(tickets, taken, result)
    } catch (error) {
      this.#fail(tickets, taken, error)
    }
    this.#running--
    if (reserving) this.#reserving--
    this.#options.onBatch?.(tickets.length, performance.now() - startedAt)
    for (const lane of taken) {
      lane.batches--
      this.#leadership.afterBatch(lane)
      this.#offer(lane)
    }
    // The next batch is on its way before this one's answers are written.
    this.#startBatches()
    answerInTurns(answers)
    if (this.#closing && this.#waiting === 0 && this.#running === 0) this.#drained?.()
  }

  #settle(tickets: Ticket<R, A>[], taken: Lane<R, A>[], result: BatchResult<A>): Answer<R, A>[] {
    for (const lane of taken) {
      if (lane.leadership !== 'held') continue
      const fence = result.fences.get(lane.skuId)
      if (fence === undefined) this.#leadership.lost(lane)
      else lane.fence = fence
    }
    const again: Ticket<R, A>[] = []
    const answers: Answer<R, A>[] = []
    for (const [index, ticket] of tickets.entries()) {
      const verdict = result.verdicts[index]
      if (verdict?.kind === 'answer') answers.push({ ticket, answer: verdict.answer })
      else again.push(ticket)
    }
    this.#requeue(again)
    return answers
  }

  /** A failure that names its reason is the answer; an unknown one is tried order by order, so that one cannot fail its neighbours. */
  #fail(tickets: Ticket<R, A>[], taken: Lane<R, A>[], error: unknown): void {
    for (const lane of taken) lane.fence = null
    if (error instanceof DomainError || tickets.length === 1) {
      for (const ticket of tickets) ticket.reject(error)
      return
    }
    for (const ticket of tickets) ticket.solo = true
    this.#requeue(tickets)
  }

  #requeue(tickets: Ticket<R, A>[]): void {
    for (const ticket of tickets.toReversed()) {
      ticket.attempts++
      this.#waiting++
      this.#laneOf(ticket.request.skuId).queue.unshift(ticket)
    }
  }

  #forgetIdleLanes(): void {
    const now = performance.now()
    for (const lane of this.#lanes.values()) {
      const idle = lane.queue.length === 0 && lane.batches === 0 && now - lane.leaseUntil > 0
      if (!idle) continue
      this.#lanes.delete(lane.skuId)
      void this.#leadership.resign(lane)
    }
  }
}

/** A second batch needs a fence that stands: it finds it again under the row's lock, or does nothing. */
function mayTake<R extends AllocationRequest, A>({ batches, queue, fence }: Lane<R, A>): boolean {
  if (queue.length === 0) return false
  return batches === 0 || (batches < CONCURRENT_BATCHES && fence !== null && queue.length >= SECOND_BATCH_MIN_ORDERS)
}
