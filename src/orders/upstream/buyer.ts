/**
 * Buys what own stock could not fill. A turn takes what is due, begins reserved orders and starts their calls; calls run on by
 * themselves, no transaction is open meanwhile, and their outcomes are settled in batches. All that is to be done stands in the tables:
 * a turn that is lost is made up for by the next one, of any instance. That there is work may be said (`noteWork`), which only saves
 * the wait for the next turn.
 */
import type { Listings } from '../../catalog/index.ts'
import type { Tx } from '../../kit/db/index.ts'
import { failpoint } from '../../kit/failpoint.ts'
import { noteTaken } from '../../suppliers/index.ts'
import type { Outcome } from './attempt.ts'
import { type BeginPurchases, createBeginning } from './begin-at-once.ts'
import { breathe } from './breathe.ts'
import { type CallsDeps, createCalls } from './calls.ts'
import { type AttemptKey, claimDue, findUnsent, findUnserved, readDueSuppliers } from './claim-repository.ts'
import type { Purchase } from './decide-purchase.ts'
import type { Measures } from './measures.ts'
import { loadAccounts } from './move-purchase-money.ts'
import { lockPurchases, lockReserved, type PurchaseOwner, readPurchaseOwners, readReservedOwners } from './repository.ts'
import { type SettleDeps, type Settled, type Settlement, settlePurchases } from './settle-purchases.ts'
import { createSettler } from './settler.ts'
import { slotTaker } from './slots.ts'
import { takeOwnStock } from './take-own-stock.ts'
import { takenBy } from './taken.ts'
import { createTakenNotes } from './taken-notes.ts'

export type BuyerDeps = Omit<SettleDeps, 'takeSlot'> &
  Omit<CallsDeps, 'settle' | 'onEnd'> & {
    readonly measures: Measures
    readonly listings: Pick<Listings, 'invalidate'>
  }

export interface Buyer {
  /** Starts what is due; does not wait for suppliers. */
  turn(): Promise<void>
  /** For those who place orders: their purchases begin in the same transaction. */
  readonly begin: BeginPurchases
  /** There is work in the tables: whoever listens takes a turn now. */
  noteWork(): void
  onWork(listener: () => void): void
  /** Settles outcomes that came from elsewhere, such as a callback. */
  settle(settlement: Settlement): Promise<void>
  /** Starts nothing more; calls that answer within `CLOSE_WAIT_MS` are settled, the others are asked for after the next start. */
  close(): Promise<void>
}

/** One transaction begins as many orders; more would keep the event loop from others' requests. */
const ORDERS_PER_PLAN = 100
const SWEEP_MAX = 200
const SWEEP_EVERY_MS = 1_000
/** Someone who waits for goods is better told that there are none. */
const INTENT_WAIT_MS = 120_000
const UNSERVED_AFTER_MS = 15_000
const CLOSE_WAIT_MS = 5_000
/** What suppliers delivered is written in a calm moment, and after this long in any: more of it shares a transaction then. */
const BREATH_MAX_MS = 50
/** Rounds in a row while there is more to do; then other jobs have their turn. */
const ROUNDS_MAX = 20

export const createBuyer = (deps: BuyerDeps): Buyer => new TableBuyer(deps)

class TableBuyer implements Buyer {
  readonly #deps: BuyerDeps
  readonly #settler = createSettler<Settlement>({
    ready: () => breathe(BREATH_MAX_MS),
    commit: items => this.#commit(items),
    onError: (error, { orderId }) => this.#deps.onError(error, orderId)
  })
  readonly #notes
  readonly #calls
  /** Suppliers that something was due for: their slots are counted before an order asks for one. */
  readonly #known = new Set<string>()
  #listener: () => void = () => undefined
  /** Orders of one SKU come together: what it can be bought from is read before they are known. */
  #lastSkuIds: readonly string[] = []
  /** Turns are taken here: only such a process sends. */
  #turns = false
  #closed = false
  /** Somebody waits for a call to end. */
  #isShort = false
  #sweptAt = Number.NEGATIVE_INFINITY

  constructor(deps: BuyerDeps) {
    this.#deps = deps
    this.#notes = createTakenNotes(taken => noteTaken(deps, taken), deps.onError)
    this.#calls = createCalls({
      ...deps,
      settle: this.#settler.add,
      onEnd: () => {
        if (this.#isShort) this.#listener()
      }
    })
  }

  async turn(): Promise<void> {
    this.#isShort = false
    this.#turns = true
    await this.#deps.measures.refresh()
    for (let round = 0; round < ROUNDS_MAX && !this.#closed; round++) {
      const [due, waiting] = await Promise.all([readDueSuppliers(this.#deps.db), readReservedOwners(this.#deps.db, ORDERS_PER_PLAN)])
      const claimed = await this.#takeDue(due)
      const begun = await this.#beginReserved(waiting)
      if (Math.max(claimed, begun) < ORDERS_PER_PLAN) break
    }
    // After what can be asked was taken.
    if (this.#closed || performance.now() - this.#sweptAt < SWEEP_EVERY_MS) return
    this.#sweptAt = performance.now()
    await this.#sweep()
  }

  readonly begin: BeginPurchases = async () => {
    if (!this.#turns || this.#closed) return null
    const slots = await this.#calls.slotsOf([...this.#known])
    const onBegun = (purchases: readonly Purchase[]): void => {
      failpoint('purchase.planned')
      this.#calls.startSent(purchases, slots)
      this.#notes.add(takenBy(purchases))
    }
    return createBeginning({ ...this.#deps, onBegun, onLeft: () => this.noteWork() }, slots)
  }

  noteWork(): void {
    this.#listener()
  }

  onWork(listener: () => void): void {
    this.#listener = listener
  }

  settle(settlement: Settlement): Promise<void> {
    return this.#settler.add(settlement)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#calls.finish(CLOSE_WAIT_MS)
    await this.#settler.drain()
    await this.#notes.close()
  }

  /** Returns how much it was. */
  async #takeDue(due: readonly string[]): Promise<number> {
    if (due.length === 0) return 0
    for (const supplierId of due) this.#known.add(supplierId)
    const slots = await this.#calls.slotsOf(due)
    const claimed = await claimDue(this.#deps.db, slots.wants)
    if (claimed.length > 0) failpoint('purchase.claimed')
    for (const each of claimed) this.#calls.start(each, slots)
    const allowed = slots.wants.reduce((sum, want) => sum + want.slots, 0)
    if (claimed.length >= allowed) this.#isShort = true
    return claimed.length
  }

  /** Reserved orders get their first attempts, or fail because nobody sells. Returns how many. */
  async #beginReserved(waiting: readonly PurchaseOwner[]): Promise<number> {
    if (waiting.length === 0) return 0
    const { purchases } = await this.#transact(waiting, async (tx, deps) => {
      // An order whose accounts are not loaded has just come; the next round has it.
      const reserved = (await lockReserved(tx, ORDERS_PER_PLAN)).filter(
        order => order.total === 0n || deps.wallets.find(order.resellerId, order.currency) !== undefined
      )
      const { orders, taken, counters } = await takeOwnStock(tx, reserved)
      const attemptsOf = orders.filter(({ buysFrom }) => buysFrom !== null).map(({ id }) => id)
      const { settled, last } = await settlePurchases(deps, tx, { orders, attemptsOf, taken, skuIds: this.#lastSkuIds }, [])
      return { settled: { ...settled, counters }, last }
    })
    this.#lastSkuIds = [...new Set(purchases.map(({ order }) => order.skuId))]
    return purchases.length
  }

  async #commit(settlements: readonly Settlement[]): Promise<void> {
    const orderIds = [...new Set(settlements.map(({ orderId }) => orderId))]
    const owners = settlements.flatMap(({ owner }) => owner ?? [])
    const known = owners.length === settlements.length ? owners : await readPurchaseOwners(this.#deps.db, orderIds)
    await this.#transact(known, (tx, deps) =>
      settlePurchases(deps, tx, { orders: lockPurchases(tx, orderIds), attemptsOf: orderIds, skuIds: [] }, settlements)
    )
  }

  /** Commits, and starts what it committed as sent. */
  async #transact(owners: readonly PurchaseOwner[], work: (tx: Tx, deps: SettleDeps) => ReturnType<typeof settlePurchases>): Promise<Settled> {
    await loadAccounts(this.#deps.wallets, owners)
    const slots = await this.#calls.slotsOf(this.#closed ? [] : [...this.#known])
    const onShort = (): void => {
      this.#isShort = true
    }
    const settled = await this.#deps.db.txEndingWith(async tx => {
      const { settled: begun, last } = await work(tx, { ...this.#deps, takeSlot: slotTaker(slots.wants, onShort) })
      return { last: last.then(() => begun) }
    })
    failpoint('purchase.settled')
    if (settled.purchases.some(({ decision }) => decision !== null && decision.attempts.length > 0)) failpoint('purchase.planned')
    for (const [skuId, available] of settled.counters) this.#deps.noteStock(skuId, available)
    this.#calls.startSent(settled.purchases, slots)
    this.#notes.add(takenBy(settled.purchases))
    return settled
  }

  async #sweep(): Promise<void> {
    const { db } = this.#deps
    const [unsent, unserved] = await Promise.all([findUnsent(db, INTENT_WAIT_MS, SWEEP_MAX), findUnserved(db, UNSERVED_AFTER_MS, SWEEP_MAX)])
    const settlement = ({ id, orderId }: AttemptKey, outcome: Outcome): Settlement => ({ attemptId: id, orderId, outcome })
    await Promise.all([
      ...unsent.map(key => this.#settler.add(settlement(key, { kind: 'withdrawn', detail: 'it could not be sent in time' }))),
      ...unserved.map(key => this.#settler.add(settlement(key, { kind: 'unserved', detail: 'its supplier cannot be asked' })))
    ])
  }
}
