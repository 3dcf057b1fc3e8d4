/**
 * Suppliers, each with a book of its own: they sell, and the buyer may not hear of it; they refuse; they take an order and deliver later; they
 * are late, busy, or silent; and now and then one sells a card twice. What is bought twice under one name is bought twice.
 */

import type { SupplierAdapter, SupplierCapabilities } from '../../../src/suppliers/contract.ts'
import { createGate } from '../../../src/suppliers/gate.ts'
import type { Connection, Connections, PlaceRequest, PlaceResult, QueryResult } from '../../../src/suppliers/index.ts'
import type { Machine, Owner } from '../machine.ts'

const QUIET_MS = 60_000
const REVIEW_MS = 600_000
/** What was sent may arrive this late, or may not be found so long. With the time that a claim may wait, it is within the quiet time. */
const LATE_MAX_MS = 45_000
const TIMEOUT_MS = 20_000
/** Longer than the caller waits. */
const SLOW_MS = 35_000
const CALLS_IN_FLIGHT = 6

const CAPABILITIES: SupplierCapabilities = {
  issuance: 'either',
  callback: false,
  cancel: false,
  listProducts: false,
  priceGuard: true,
  queryByReference: true,
  idempotentPlace: false,
  cards: true,
  topUps: false,
  maxQuantity: 2,
  referenceMaxLength: 40,
  cardKinds: ['text'],
  quietTimeMs: QUIET_MS,
  reviewAfterMs: REVIEW_MS,
  rateLimit: null
}

const KINDS: readonly Partial<SupplierCapabilities>[] = [
  {},
  { queryByReference: false, idempotentPlace: true, maxQuantity: 10 },
  // Nobody can ask it: what is unclear goes to a person.
  { queryByReference: false, maxQuantity: 10 }
]

export interface Sale {
  readonly reference: string
  readonly quantity: number
  /** Nobody who asks before is told of it. */
  readonly foundFrom: number
  state: 'sold' | 'pending' | 'failed'
  cards: readonly string[]
}

export class ModelSupplier {
  readonly id: string
  readonly adapter: SupplierAdapter
  readonly book = new Map<string, Sale>()
  readonly #machine: Machine
  /** Of 1: how often something goes wrong. */
  trouble = 0.15
  requests = 0
  #cards = 0

  constructor(machine: Machine, id: string, kind: number) {
    this.#machine = machine
    this.id = id
    const connect = (): never => {
      throw new Error('the model connects by itself')
    }
    this.adapter = { name: `model-${kind}`, capabilities: { ...CAPABILITIES, ...KINDS[kind] }, connect } as unknown as SupplierAdapter
  }

  /** As one process reaches it. */
  connect(owner: Owner): Connection {
    const gate = createGate({ callsInFlight: CALLS_IN_FLIGHT, rateLimit: null })
    return {
      supplier: { id: this.id, state: 'active' },
      adapter: this.adapter,
      callTimeoutMs: TIMEOUT_MS,
      slots: gate.slots,
      place: (request: PlaceRequest) => gate.run(() => this.#call(owner, sentAt => this.#place(request, sentAt))),
      query: ({ reference }: { reference: string }) => gate.run(() => this.#call(owner, () => this.#query(reference)))
    } as unknown as Connection
  }

  /** There, and back, if both ways are open. What is lost is unclear after the time-out. */
  #call<R extends { readonly kind: string }>(owner: Owner, act: (sentAt: number) => R): Promise<R | { kind: 'unknown'; detail: string }> {
    const machine = this.#machine
    const sentAt = machine.now
    const goesWrong = (): boolean => machine.chance() < this.trouble
    return new Promise(resolve => {
      const unclear = (): void => void machine.after(TIMEOUT_MS, owner, () => resolve({ kind: 'unknown', detail: 'no answer' }))
      if (goesWrong() && machine.chance() < 0.5) return unclear()
      const isLate = goesWrong() && machine.chance() < 0.5
      if (isLate) unclear()
      machine.after(isLate ? machine.chance() * LATE_MAX_MS : machine.chance() * 20, null, () => {
        this.requests++
        const result = act(sentAt)
        machine.note(result.kind, this.book.size)
        if (isLate) return
        if (goesWrong()) return unclear()
        machine.after(goesWrong() ? SLOW_MS : machine.chance() * 20, owner, () => resolve(result))
      })
    })
  }

  #place({ reference, quantity }: PlaceRequest, sentAt: number): PlaceResult {
    const machine = this.#machine
    const known = this.book.get(reference)
    if (known !== undefined && this.adapter.capabilities.idempotentPlace) return this.#tell(known)
    if (known !== undefined) machine.fail(`${reference} is bought for the second time`)
    const refusal = (['out_of_stock', 'rate_limited', 'no_funds', 'rejected'] as const)[machine.below(4)] ?? 'rejected'
    if (machine.chance() < 0.2) return { kind: 'refused', refusal, detail: refusal }
    const foundFrom = machine.chance() < this.trouble ? sentAt + machine.chance() * LATE_MAX_MS : 0
    const sale: Sale = { reference, quantity, foundFrom, state: 'sold', cards: this.#newCards(quantity) }
    if (machine.chance() < 0.25) {
      sale.state = 'pending'
      machine.after(machine.chance() * 30_000, null, () => {
        sale.state = machine.chance() < 0.2 ? 'failed' : 'sold'
      })
    }
    this.book.set(reference, sale)
    return this.#tell(sale)
  }

  #tell({ state, reference, cards }: Sale): PlaceResult {
    return state === 'sold'
      ? { kind: 'fulfilled', upstreamId: reference, unitCost: null, cards: cards.map(toCard) }
      : { kind: 'accepted', upstreamId: reference }
  }

  #query(reference: string): QueryResult {
    const sale = this.book.get(reference)
    if (sale === undefined || sale.foundFrom > this.#machine.now) return { kind: 'not_found' }
    const { state, cards } = sale
    if (state === 'failed') return { kind: 'failed', refusal: 'rejected', detail: 'failed' }
    return state === 'pending'
      ? { kind: 'pending', upstreamId: reference }
      : { kind: 'fulfilled', upstreamId: reference, unitCost: null, cards: cards.map(toCard) }
  }

  /** One in fifty was sold before. */
  #newCards(quantity: number): string[] {
    const isTwice = (): boolean => this.#cards > 0 && this.#machine.chance() < 0.02
    return Array.from({ length: quantity }, () => `${this.id}-card-${isTwice() ? this.#machine.below(this.#cards) : this.#cards++}`)
  }
}

const toCard = (secret: string) => ({ number: null, secret, kind: 'text' as const, expiresAt: null })

/** Of one process. */
export function connectAll(suppliers: readonly ModelSupplier[], owner: Owner): Connections {
  const connections = new Map(suppliers.map(supplier => [supplier.id, supplier.connect(owner)]))
  return {
    many: async wanted => new Map([...connections].filter(([id]) => wanted.includes(id))),
    isHealthy: () => true,
    forget: () => undefined
  }
}
