/**
 * The machine that simulated processes run on: one virtual clock, one queue of what happens next, one source of chance. While it runs,
 * it stands in for the clock, the timers, the random numbers and the ids of Node, so the code under test is that of production, byte
 * for byte. Nothing happens but what is in the queue, in the order of its virtual time; so the same seed is the same run.
 */
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import timersPromises from 'node:timers/promises'

/** A process of the simulation, or a client outside of it (null). What a dead one had in the queue never happens. */
export interface Owner {
  alive: boolean
  /** Its clock against the machine's. */
  skewMs: number
}

/** What is to happen, and the timer that Node's functions return. */
class Event {
  at: number
  readonly order: number
  readonly owner: Owner | null
  /** Null: it was cancelled, or has happened. */
  run: (() => void) | null

  constructor(at: number, order: number, owner: Owner | null, run: () => void) {
    this.at = at
    this.order = order
    this.owner = owner
    this.run = run
  }

  unref(): this {
    return this
  }

  ref(): this {
    return this
  }
}

const real = {
  setImmediate: globalThis.setImmediate,
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
  clearImmediate: globalThis.clearImmediate,
  now: performance.now,
  Date: globalThis.Date,
  random: Math.random,
  randomUUIDv7: crypto.randomUUIDv7,
  randomUUID: crypto.randomUUID,
  wait: timersPromises.setTimeout,
  nextTurn: timersPromises.setImmediate
}

/** A moment like any other: 2026-11-23. */
const EPOCH_MS = 1_795_392_000_000
/** A run of some hundred operations takes seconds, and its purchases an hour; what has not settled by then never will. */
const LONGEST_MS = 10_800_000
/** Events in a row before Node may do anything else. */
const EVENTS_PER_TURN = 256

export class Machine {
  now = 0
  /** Whose event is happening. */
  current: Owner | null = null
  events = 0
  #heap: Event[] = []
  #order = 0
  #ids = 0
  #idsOf = -1
  #idHead = ''
  #state: number
  #hash = 0x811c9dc5
  #other = 0x1b873593
  #failure: Error | null = null
  #stopped = false

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0
  }

  /** From 0 to 1. */
  chance(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }

  below(limit: number): number {
    return Math.floor(this.chance() * limit)
  }

  /** Into the trace: two runs with the same hash did the same things in the same order. */
  note(what: string, value: number): void {
    let hash = this.#hash
    for (let index = 0; index < what.length; index++) hash = Math.imul(hash ^ what.charCodeAt(index), 0x01000193)
    this.#hash = Math.imul(hash ^ value, 0x01000193)
    this.#other = (Math.imul(this.#other, 31) + (this.#hash >>> 3)) | 0
  }

  get trace(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0') + (this.#other >>> 0).toString(16).padStart(8, '0')
  }

  /** The first thing that must never happen ends the run. */
  fail(what: string): void {
    this.#failure ??= new Error(what)
  }

  /** Whatever is still in the queue does not happen. */
  stop(): void {
    this.#stopped = true
  }

  after(ms: number, owner: Owner | null, run: () => void): Event {
    const event = new Event(this.now + ms, this.#order++, owner, run)
    this.#push(event)
    return event
  }

  newId(): string {
    const ms = Math.floor(this.now)
    if (ms !== this.#idsOf) {
      const head = (EPOCH_MS + ms).toString(16).padStart(12, '0')
      this.#idHead = `${head.slice(0, 8)}-${head.slice(8)}-7`
      this.#idsOf = ms
    }
    // Of the same millisecond, in no order, as they are.
    return `${this.#idHead}${(this.below(0x1000) + 0x1000).toString(16).slice(1)}-8000-${(0x100000000000 + this.#ids++).toString(16)}`
  }

  /** Runs until nothing is left to happen, or something has that must not. */
  async run(): Promise<void> {
    await new Promise<void>(resolve => {
      let ended = false
      const one = (): void => {
        if (ended) return
        // Promises that settled since the last event have run by now: Node drains them between two immediates.
        if (this.#failure !== null || this.#stopped || !this.#next()) {
          ended = true
          // What is half done ends on this machine, and not on the next.
          real.setImmediate(resolve)
        }
      }
      const turn = (): void => {
        if (ended) return
        for (let index = 0; index < EVENTS_PER_TURN; index++) real.setImmediate(one)
        real.setImmediate(turn)
      }
      turn()
    })
    if (this.#failure !== null) throw this.#failure
  }

  #next(): boolean {
    for (;;) {
      const event = this.#pop()
      if (event === undefined) return false
      const { run, owner } = event
      if (run === null || (owner !== null && !owner.alive)) continue
      this.now = Math.max(this.now, event.at)
      if (this.now > LONGEST_MS) this.fail('not everything settles: an order, a lock or a lease is stuck')
      this.current = owner
      this.events++
      event.run = null
      try {
        run()
      } catch (error) {
        this.fail(`thrown into the loop: ${(error as Error).stack}`)
      }
      return true
    }
  }

  #push(event: Event): void {
    const heap = this.#heap
    let index = heap.length
    heap.push(event)
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]!
      if (above.at < event.at || (above.at === event.at && above.order < event.order)) break
      heap[index] = above
      index = parent
    }
    heap[index] = event
  }

  #pop(): Event | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      const left = heap[child]!
      const right = heap[child + 1]
      if (right !== undefined && (right.at < left.at || (right.at === left.at && right.order < left.order))) child++
      const smaller = heap[child]!
      if (last.at < smaller.at || (last.at === smaller.at && last.order < smaller.order)) break
      heap[index] = smaller
      index = child
    }
    heap[index] = last
    return first
  }

  #clock(): number {
    return this.now + (this.current?.skewMs ?? 0)
  }

  /** Takes the place of Node's clock, timers and chance until `uninstall`. */
  install(): void {
    const machine = this
    const later = (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): Event =>
      machine.after(Math.max(ms, 1), machine.current, () => run(...args))
    const cancel = (event: Event | null | undefined): void => {
      if (event !== null && event !== undefined) event.run = null
    }
    const every = (run: () => void, ms: number): Event => {
      const again = machine.after(ms, machine.current, function tick() {
        run()
        Object.assign(again, { at: machine.now + ms, run: tick })
        machine.#push(again)
      })
      return again
    }
    class VirtualDate extends real.Date {
      constructor(...args: [] | [number | string | Date]) {
        if (args.length === 0) super(VirtualDate.now())
        else super(args[0])
      }
      static override now(): number {
        return EPOCH_MS + Math.floor(machine.#clock())
      }
    }
    const wait = (ms: number, value?: unknown, options?: { signal?: AbortSignal }): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const event = later(() => resolve(value), ms)
        options?.signal?.addEventListener('abort', () => {
          cancel(event)
          reject(new Error('aborted'))
        })
      })
    Object.assign(globalThis, {
      setTimeout: later,
      clearTimeout: cancel,
      setInterval: every,
      clearInterval: cancel,
      setImmediate: (run: (...args: unknown[]) => void, ...args: unknown[]) => machine.after(0, machine.current, () => run(...args)),
      clearImmediate: cancel,
      Date: VirtualDate
    })
    performance.now = () => machine.#clock()
    Math.random = () => machine.chance()
    Object.assign(crypto, { randomUUIDv7: () => machine.newId(), randomUUID: () => machine.newId() })
    const nextTurn = (): Promise<void> => new Promise(resolve => void machine.after(0, machine.current, resolve))
    Object.assign(timersPromises, { setTimeout: wait, setImmediate: nextTurn })
    syncBuiltinESMExports()
  }

  uninstall(): void {
    const { setImmediate, setTimeout, clearTimeout, setInterval, clearInterval, clearImmediate } = real
    Object.assign(globalThis, { setImmediate, setTimeout, clearTimeout, setInterval, clearInterval, clearImmediate, Date: real.Date })
    performance.now = real.now
    Math.random = real.random
    Object.assign(crypto, { randomUUIDv7: real.randomUUIDv7, randomUUID: real.randomUUID })
    Object.assign(timersPromises, { setTimeout: real.wait, setImmediate: real.nextTurn })
    syncBuiltinESMExports()
  }
}
