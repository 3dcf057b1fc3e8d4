/**
 * Listings in memory: the hottest reads of the API, and the offers that orders are priced from, ask the database at most
 * every half second for each SKU. A stale one is harmless: an order compares its revision under the lock of the SKU's row.
 */
import type { Queryable } from '../kit/db/index.ts'
import type { Listing } from './listing.ts'
import { readListings } from './stock-repository.ts'

export interface Listings {
  /** At once when it was read within `LISTING_MAX_AGE_MS`; otherwise read with all others that are missed in this tick. Null: no such SKU. */
  get(skuId: string): Listing | null | Promise<Listing | null>
  /** At once, up to `OFFER_MAX_AGE_MS` old: for what compares its revision under the lock. Otherwise like `get`. */
  offer(skuId: string): Listing | null | Promise<Listing | null>
  /** Read from now on, not earlier. */
  fresh(skuId: string): Promise<Listing | null>
  /**
   * Several at once; SKUs that do not exist are missing in the answer. With `readSince`, a value of `performance.now()`, each is
   * as it was read after that moment: whoever tells of a change must not show what was before it.
   */
  many(skuIds: readonly string[], readSince?: number): ReadonlyMap<string, Listing> | Promise<ReadonlyMap<string, Listing>>
  /** A counter that a committed transaction returned: what `get` shows until the next read. */
  noteStock(skuId: string, available: number): void
  invalidate(skuId: string): void
  invalidateProduct(productId: string): void
}

export const LISTING_MAX_AGE_MS = 500
/** What changes without a new revision, the stock of sources, is asked of them again before they are bought from. */
const OFFER_MAX_AGE_MS = 5_000
/** Bounds memory: a listing weighs one and its price rows. */
const CACHE_WEIGHT_MAX = 100_000
/** One statement of this many is some tens of milliseconds; larger ones would hold up everybody who waits for them. */
const READ_BATCH = 1_000

/** `shown` has the newest known counter; `read` is what the database said in one snapshot. */
interface Entry {
  shown: Listing
  readonly read: Listing
}

interface Batch {
  readonly skuIds: Set<string>
  readonly result: Promise<ReadonlyMap<string, Listing>>
}

export const createListings = ({ db }: { db: Queryable }): Listings => new ListingCache(db)

const weightOf = ({ read }: Entry): number => 1 + read.prices.length

class ListingCache implements Listings {
  readonly #db: Queryable
  /** In the order of reading, so the first is the one that nobody has asked for longest. */
  readonly #entries = new Map<string, Entry>()
  #weight = 0
  #queued: Batch | null = null
  /** The batch that may store each SKU; one that was overtaken or invalidated meanwhile may not. */
  readonly #reading = new Map<string, Batch>()

  constructor(db: Queryable) {
    this.#db = db
  }

  get(skuId: string): Listing | null | Promise<Listing | null> {
    return this.#within(LISTING_MAX_AGE_MS, skuId)
  }

  offer(skuId: string): Listing | null | Promise<Listing | null> {
    return this.#within(OFFER_MAX_AGE_MS, skuId)
  }

  #within(maxAgeMs: number, skuId: string): Listing | null | Promise<Listing | null> {
    const entry = this.#entries.get(skuId)
    if (entry !== undefined && performance.now() - entry.read.readAt < maxAgeMs) return entry.shown
    const batch = this.#reading.get(skuId) ?? this.#enqueue([skuId])
    return batch.result.then(found => found.get(skuId) ?? null)
  }

  async fresh(skuId: string): Promise<Listing | null> {
    return (await this.#enqueue([skuId]).result).get(skuId) ?? null
  }

  many(skuIds: readonly string[], readSince?: number): ReadonlyMap<string, Listing> | Promise<ReadonlyMap<string, Listing>> {
    const oldest = performance.now() - LISTING_MAX_AGE_MS
    const found = new Map<string, Listing>()
    const missed = new Set<string>()
    for (const skuId of skuIds) {
      const entry = this.#entries.get(skuId)
      if (entry === undefined || entry.read.readAt < Math.max(oldest, readSince ?? 0)) missed.add(skuId)
      else found.set(skuId, readSince === undefined ? entry.shown : entry.read)
    }
    if (missed.size === 0) return found
    return this.#enqueue([...missed]).result.then(read => {
      for (const skuId of missed) {
        const listing = read.get(skuId)
        if (listing !== undefined) found.set(skuId, listing)
      }
      return found
    })
  }

  noteStock(skuId: string, available: number): void {
    const entry = this.#entries.get(skuId)
    if (entry !== undefined && entry.shown.available !== available) entry.shown = { ...entry.shown, available }
  }

  invalidate(skuId: string): void {
    this.#reading.delete(skuId)
    this.#drop(skuId)
  }

  invalidateProduct(productId: string): void {
    this.#reading.clear()
    for (const [skuId, { read }] of this.#entries) if (read.productId === productId) this.#drop(skuId)
  }

  #enqueue(skuIds: readonly string[]): Batch {
    this.#queued ??= this.#openBatch()
    for (const skuId of skuIds) this.#queued.skuIds.add(skuId)
    return this.#queued
  }

  #openBatch(): Batch {
    const { promise, resolve } = Promise.withResolvers<ReadonlyMap<string, Listing>>()
    const batch: Batch = { skuIds: new Set(), result: promise }
    setImmediate(() => {
      this.#queued = null
      resolve(this.#read(batch))
    })
    return batch
  }

  async #read(batch: Batch): Promise<ReadonlyMap<string, Listing>> {
    const skuIds = [...batch.skuIds]
    for (const skuId of skuIds) this.#reading.set(skuId, batch)
    const readAt = performance.now()
    try {
      const starts = Array.from({ length: Math.ceil(skuIds.length / READ_BATCH) }, (_, index) => index * READ_BATCH)
      const parts = await Promise.all(starts.map(start => readListings(this.#db, skuIds.slice(start, start + READ_BATCH))))
      const found = new Map(parts.flat().map(data => [data.skuId, { ...data, readAt }]))
      for (const listing of found.values()) if (this.#reading.get(listing.skuId) === batch) this.#store(listing)
      return found
    } finally {
      for (const skuId of skuIds) if (this.#reading.get(skuId) === batch) this.#reading.delete(skuId)
    }
  }

  #store(listing: Listing): void {
    this.#drop(listing.skuId)
    const entry: Entry = { shown: listing, read: listing }
    this.#entries.set(listing.skuId, entry)
    this.#weight += weightOf(entry)
    for (const skuId of this.#entries.keys()) {
      if (this.#weight <= CACHE_WEIGHT_MAX || skuId === listing.skuId) break
      this.#drop(skuId)
    }
  }

  #drop(skuId: string): void {
    const entry = this.#entries.get(skuId)
    if (entry === undefined) return
    this.#entries.delete(skuId)
    this.#weight -= weightOf(entry)
  }
}
