/**
 * The one transaction in which purchases move: orders locked, then their attempts; outcomes applied; cards stored; what is still open
 * bought elsewhere; money captured and released; all told. An outcome that comes twice, or too late, finds an attempt that has ended.
 * Lock order: orders, fingerprints, SKU rows, accounts.
 */
import { adjustStock } from '../../catalog/index.ts'
import { claimFingerprints, type SealedCard, storePurchased } from '../../inventory/index.ts'
import type { Db, Tx } from '../../kit/db/index.ts'
import { failpoint } from '../../kit/failpoint.ts'
import { publish } from '../../kit/outbox.ts'
import { type Connections, type FindAdapter, type Offer, readBuyableSources } from '../../suppliers/index.ts'
import type { WalletDirectory } from '../../wallet/index.ts'
import { canMove, type OrderState } from '../states.ts'
import { type Applied, applyOutcome } from './apply-outcome.ts'
import type { Attempt, Outcome } from './attempt.ts'
import { decidePurchase, openPositions, type Purchase, type PurchaseDecision, type PurchaseOrder, type TakeSlot } from './decide-purchase.ts'
import type { Measures } from './measures.ts'
import { movePurchaseMoney } from './move-purchase-money.ts'
import { toOffers } from './offers.ts'
import { purchaseEvents } from './purchase-events.ts'
import { stockDeltas, toPurchasedCards } from './purchased-cards.ts'
import { insertAttempts, lockAttempts, type PurchaseOwner, updateAttempts, updatePurchases } from './repository.ts'

export interface SettleDeps {
  readonly db: Db
  readonly wallets: WalletDirectory
  readonly findAdapter: FindAdapter
  readonly connections: Pick<Connections, 'isHealthy'>
  readonly measures: Pick<Measures, 'of'>
  readonly noteStock: (skuId: string, available: number) => void
  /** Absent: this process does not send; what is bought elsewhere is left to be claimed. See `Market`. */
  readonly takeSlot?: TakeSlot
}

export interface Settlement {
  readonly orderId: string
  readonly attemptId: string
  readonly outcome: Outcome
  /** Whose order it is, where that is known. */
  readonly owner?: PurchaseOwner
}

/** Orders that the transaction locks, or has locked. */
export interface Held {
  readonly orders: readonly PurchaseOrder[] | Promise<readonly PurchaseOrder[]>
  /** Whose attempts are looked at; empty: there are none yet. */
  readonly attemptsOf: readonly string[]
  /** SKUs that the orders probably are of. */
  readonly skuIds: readonly string[]
  /** Units that own stock has just filled, by order. */
  readonly taken?: ReadonlyMap<string, number>
}

const BEING_BOUGHT: readonly OrderState[] = ['reserved', 'submitting', 'submitted', 'uncertain', 'review']

export interface Settled {
  readonly purchases: readonly Purchase[]
  /** Stock that moved, by SKU. */
  readonly counters: ReadonlyMap<string, number>
}

/**
 * Returns what became of the orders, and the stock counters that moved. Statements that need not wait for each other's answers travel
 * together; the accounts, which orders from own stock want as well, are locked by the last ones. `last` may travel with the COMMIT.
 */
export async function settlePurchases(
  deps: SettleDeps,
  tx: Tx,
  held: Held,
  settlements: readonly Settlement[]
): Promise<{ readonly settled: Settled; readonly last: Promise<void> }> {
  const [orders, attempts, fresh, likely] = await Promise.all([
    held.orders,
    held.attemptsOf.length === 0 ? [] : lockAttempts(tx, held.attemptsOf),
    claimFingerprints(tx, cardsOf(settlements)),
    readBuyableSources(tx, held.skuIds)
  ])
  const attemptsOf = Map.groupBy(attempts, ({ orderId }) => orderId)
  const settlementsOf = Map.groupBy(settlements, ({ orderId }) => orderId)
  const moved = orders.map(order => applyAll(order, attemptsOf, settlementsOf.get(order.id) ?? [], fresh))
  const offers = await readOffers(deps, tx, moved, { skuIds: held.skuIds, sources: likely })
  const purchases = moved.map(({ order, ...rest }): Purchase => {
    const { isHealthy } = deps.connections
    const takeSlot = deps.takeSlot ?? (() => null)
    const market = { offers: offers.get(order.skuId) ?? [], isHealthy, measureOf: deps.measures.of, takeSlot }
    const taken = held.taken?.get(order.id) ?? 0
    return { order, ...rest, taken, decision: BEING_BOUGHT.includes(order.state) ? decidePurchase(order, rest.attempts, market) : null }
  })
  const { counters, last } = await write(deps, tx, purchases)
  return { settled: { purchases, counters }, last }
}

/** Of the same card twice the first counts: it is the one of the first outcome. */
function cardsOf(settlements: readonly Settlement[]): SealedCard[] {
  const cards = settlements.flatMap(({ outcome }) => (outcome.kind === 'delivered' ? outcome.cards : []))
  return [...new Map(cards.toReversed().map(card => [card.fingerprint.toString('hex'), card])).values()]
}

function applyAll(
  order: PurchaseOrder,
  all: ReadonlyMap<string, readonly Attempt[]>,
  settlements: readonly Settlement[],
  fresh: ReadonlySet<string>
) {
  const attempts = new Map((all.get(order.id) ?? []).map(attempt => [attempt.id, attempt]))
  const applied: Applied[] = []
  for (const { attemptId, outcome } of settlements) {
    const before = attempts.get(attemptId)
    const after = before === undefined ? null : applyOutcome(before, outcome, fresh)
    // Its cards have left their fingerprints: without the cards, nobody could ever stock them again.
    if (after === null && outcome.kind === 'delivered') throw new Error(`cards came for ${attemptId}, which cannot take them`)
    if (after === null) continue
    attempts.set(attemptId, after.attempt)
    applied.push(after)
  }
  return { order, attempts: [...attempts.values()], applied }
}

interface Likely {
  readonly skuIds: readonly string[]
  readonly sources: Awaited<ReturnType<typeof readBuyableSources>>
}

/** Asked for only where somebody needs them and they were not read yet. */
async function readOffers(
  deps: SettleDeps,
  tx: Tx,
  moved: readonly Pick<Purchase, 'order' | 'attempts'>[],
  likely: Likely
): Promise<ReadonlyMap<string, readonly Offer[]>> {
  const needy = moved.filter(({ order, attempts }) => BEING_BOUGHT.includes(order.state) && openPositions(order, attempts).length > 0)
  const missing = new Set(needy.map(({ order }) => order.skuId).filter(skuId => !likely.skuIds.includes(skuId)))
  const sources = missing.size === 0 ? [] : await readBuyableSources(tx, [...missing])
  return toOffers(deps.findAdapter, [...likely.sources, ...sources])
}

/** Started in the order in which PostgreSQL is to run them. Only locks are waited for; the rest may travel with the COMMIT. */
async function write(deps: SettleDeps, tx: Tx, purchases: readonly Purchase[]) {
  const moves = purchases.flatMap(({ order, decision }) => (decision !== null && hasMoved(order, decision) ? [{ order, decision }] : []))
  const started = purchases.flatMap(({ decision }) => decision?.attempts ?? [])
  const adjusted = adjustStock(tx, stockDeltas(purchases))
  const others = Promise.all([
    updateAttempts(tx, lastOfEach(purchases.flatMap(({ applied }) => applied))),
    storePurchased(tx, toPurchasedCards(purchases)),
    insertAttempts(tx, started),
    updatePurchases(tx, moves),
    publish(tx, purchases.flatMap(purchaseEvents))
  ])
  others.catch(() => undefined)
  const [counters, { written }] = await Promise.all([adjusted, movePurchaseMoney(deps.wallets, tx, purchases)])
  failpoint('purchase.settling')
  return { counters, last: Promise.all([others, written]).then(() => undefined) }
}

function hasMoved(order: PurchaseOrder, { state, attempts, isClosed, delivered }: PurchaseDecision): boolean {
  if (state !== order.state && !canMove(order.state, state)) throw new Error(`an order that is ${order.state} cannot become ${state}`)
  return state !== order.state || attempts.length > 0 || isClosed || delivered > 0
}

/** Two outcomes of one attempt in one batch are two steps; the row gets the last one. */
const lastOfEach = (applied: readonly Applied[]): Applied[] => [...new Map(applied.map(each => [each.attempt.id, each])).values()]
