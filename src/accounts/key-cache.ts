/**
 * Keys by hash, in memory for a short time: each request needs one, and none may outlive its revocation by more than
 * `MAX_AGE_MS`. Bounded; a stale entry is read again before it answers; what is missed within one turn of the event
 * loop is read in one statement, so a flood of unknown keys costs few statements and evicts no known key.
 */
import { overloaded } from '../kit/errors.ts'

/** Revocation, pausing and rotation reach the other instances within this time; the contract is 5 s. */
const MAX_AGE_MS = 2_000
/** Shorter, because an attacker chooses what stands here. */
const UNKNOWN_MAX_AGE_MS = 1_000
/** About 1 KB each; more active keys than this are read again at each request. */
const MAX_KNOWN = 20_000
const MAX_UNKNOWN = 10_000
/** Lookups that wait for the next statement; beyond it the database is too slow to queue for. */
const MAX_WAITING = 10_000

interface Owned {
  readonly keyId: string
  readonly ownerId: string | null
}

interface Cached<T> {
  readonly value: T
  readonly freshUntil: number
}

interface Waiting<T> {
  readonly hash: string
  resolve(value: T | null): void
  reject(error: unknown): void
}

export interface KeyCache<T> {
  /** The value if it is fresh, null if the key is known not to exist, undefined if `load` must tell. */
  get(hash: string): T | null | undefined
  /** One read for all who ask at the same time. Throws: dependency_unavailable, overloaded. */
  load(hash: string): Promise<T | null>
  /** Drops what is known of a key or of all keys of an owner, and what is being read right now. */
  forget(keyOrOwnerId: string): void
}

export type ReadKeys<T> = (hashes: readonly string[]) => Promise<ReadonlyMap<string, T>>

export function createKeyCache<T extends Owned>(read: ReadKeys<T>): KeyCache<T> {
  const known = new Map<string, Cached<T>>()
  const unknown = new Map<string, Cached<null>>()
  const flights = new Map<string, Promise<T | null>>()
  let waiting: Waiting<T>[] = []
  let generation = 0

  const store = (hash: string, value: T | null, readAt: number): void => {
    if (value === null) {
      known.delete(hash)
      put(unknown, hash, { value, freshUntil: readAt + UNKNOWN_MAX_AGE_MS }, MAX_UNKNOWN)
    } else put(known, hash, { value, freshUntil: readAt + MAX_AGE_MS }, MAX_KNOWN)
  }

  const flush = async (): Promise<void> => {
    const batch = waiting
    waiting = []
    const readAt = performance.now()
    const begun = generation
    try {
      const found = await read(batch.map(item => item.hash))
      for (const { hash, resolve } of batch) {
        const value = found.get(hash) ?? null
        // What was read before a forget() may be what had to be forgotten.
        if (begun === generation) store(hash, value, readAt)
        resolve(value)
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  const fly = async (hash: string): Promise<T | null> => {
    if (waiting.length >= MAX_WAITING) throw overloaded('Too many keys are being looked up.')
    return await new Promise((resolve, reject) => {
      if (waiting.push({ hash, resolve, reject }) === 1) setImmediate(flush)
    })
  }

  return {
    get: hash => {
      const cached = known.get(hash) ?? unknown.get(hash)
      return cached === undefined || cached.freshUntil <= performance.now() ? undefined : cached.value
    },
    load: hash => {
      const running = flights.get(hash)
      if (running !== undefined) return running
      const flight = fly(hash).finally(() => {
        if (flights.get(hash) === flight) flights.delete(hash)
      })
      flights.set(hash, flight)
      return flight
    },
    forget: id => {
      generation++
      flights.clear()
      for (const [hash, { value }] of known) {
        if (value.keyId === id || value.ownerId === id) known.delete(hash)
      }
    }
  }
}

/** Insertion order is the order of reading, so the first entry is the one that was not read again for the longest time. */
function put<V>(map: Map<string, V>, key: string, value: V, max: number): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= max) return
  const oldest = map.keys().next()
  if (oldest.done !== true) map.delete(oldest.value)
}
