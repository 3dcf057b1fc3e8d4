/** A lane is one SKU's queue in this process, and what this process holds of the SKU's leadership. */

export interface AllocationRequest {
  readonly skuId: string
  readonly quantity: number
  /** Its goods come later. */
  readonly reserve?: boolean
}

/** How a batch may touch a SKU. */
export type Mandate =
  /** We lead and our fence stands: it must equal the one in the row. */
  | { readonly kind: 'fenced'; readonly fence: bigint }
  /** We lead newly: the batch mints the next fence in its own transaction. */
  | { readonly kind: 'mint' }
  /** No leadership to be had (Redis away, or a lease that nobody gives back): the row locks alone decide. */
  | { readonly kind: 'alone' }

export interface Ticket<R extends AllocationRequest, A> {
  readonly request: R
  readonly enteredAt: number
  /** Goes in a batch of its own after it was in one that failed for no known reason. */
  solo: boolean
  attempts: number
  readonly resolve: (answer: A) => void
  readonly reject: (error: unknown) => void
}

export type Leadership = 'none' | 'asking' | 'held' | 'alone'

export interface Lane<R extends AllocationRequest, A> {
  readonly skuId: string
  readonly queue: Ticket<R, A>[]
  leadership: Leadership
  fence: bigint | null
  /** How many running batches it is in. */
  batches: number
  /** Another process asked for this SKU. */
  wanted: boolean
  leaseUntil: number
  ledSince: number
  /** Since when this process waits for a lease that another one holds. */
  askedAt: number
  /** While `alone`: when to ask Redis again. */
  aloneUntil: number
  renewing: boolean
  retryTimer: NodeJS.Timeout | null
}

export function createLane<R extends AllocationRequest, A>(skuId: string): Lane<R, A> {
  return {
    skuId,
    queue: [],
    leadership: 'none',
    fence: null,
    batches: 0,
    wanted: false,
    leaseUntil: 0,
    ledSince: 0,
    askedAt: 0,
    aloneUntil: 0,
    renewing: false,
    retryTimer: null
  }
}

export function mandateOf<R extends AllocationRequest, A>(lane: Lane<R, A>): Mandate {
  if (lane.leadership === 'alone') return { kind: 'alone' }
  return lane.fence === null ? { kind: 'mint' } : { kind: 'fenced', fence: lane.fence }
}

/** By the oldest order: a SKU's stock may end, or come, between two of them. */
export const isReserving = <R extends AllocationRequest, A>(lane: Lane<R, A>): boolean => lane.queue[0]?.request.reserve === true
