/**
 * The one transaction in which purchases move: orders locked, then their attempts; outcomes applied; cards stored; what is still open
 * bought elsewhere; money captured and released; all told. An outcome that comes twice, or too late, finds an attempt that has ended.
 * Lock order: orders, fingerprints, SKU rows, accounts.
 */
import { adjustStock } from '../../catalog/index.ts'
import { claimFingerprints, type SealedCard, storePurchased } from '../../inventory/index.ts'
import type { Db, Tx } from '../../kit/db/index.ts'
import { publish } from '../../kit/outbox.ts'
import { type Connections, type FindAdapter, type Offer, readBuyableSources } from '../../suppliers/index.ts'
import type { WalletDirectory } from '../../wallet/index.ts'
import { canMove, type OrderState } from '../states.ts'
import { type Applied, applyOutcome } from './apply-outcome.ts'
import type { Attempt, Outcome } from './attempt.ts'
import { decidePurchase, openPositions, type Purchase, type PurchaseDecision, type PurchaseOrder } from './decide-purchase.ts'
import { movePurchaseMoney } from './move-purchase-money.ts'
import { purchaseEvents } from './purchase-events.ts'
import { stockDeltas, toPurchasedCards } from './purchased-cards.ts'
import { insertAttempts, lockAttempts, updateAttempts, updatePurchases } from './repository.ts'

export interface SettleDeps {
  readonly db: Db
  readonly wallets: WalletDirectory
  readonly findAdapter: FindAdapter
  readonly connections: Pick<Connections, 'isHealthy'>
  readonly noteStock: (skuId: string, available: number) => void
}

export interface Settlement {
  readonly orderId: string
  readonly attemptId: string
  readonly outcome: Outcome
}

const BEING_BOUGHT: readonly OrderState[] = ['reserved', 'submitting', 'submitted', 'uncertain', 'review']

/** `orders` are locked by this transaction. Returns what became of them, and the stock counters that moved. */
export async function settlePurchases(
  deps: SettleDeps,
  tx: Tx,
  orders: readonly PurchaseOrder[],
  settlements: readonly Settlement[]
): Promise<{ purchases: Purchase[]; counters: ReadonlyMap<string, number> }> {
  const attempts = await lockAttempts(
    tx,
    orders.map(order => order.id)
  )
  const fresh = await claimFingerprints(tx, cardsOf(attempts, settlements))
  const moved = orders.map(order => applyAll(order, attempts, settlements, fresh))
  const offers = await readOffers(deps, tx, moved)
  const purchases = moved.map(({ order, ...rest }): Purchase => {
    const market = { offers: offers.get(order.skuId) ?? [], isHealthy: deps.connections.isHealthy }
    return { order, ...rest, decision: BEING_BOUGHT.includes(order.state) ? decidePurchase(order, rest.attempts, market) : null }
  })
  return { purchases, counters: await write(deps, tx, purchases) }
}

/** Only cards that will be stored may leave a fingerprint. Of the same card twice the first counts: it is the one of the first outcome. */
function cardsOf(attempts: readonly Attempt[], settlements: readonly Settlement[]): SealedCard[] {
  const known = new Set(attempts.map(({ id }) => id))
  const cards = settlements.flatMap(({ attemptId, outcome }) => (outcome.kind === 'delivered' && known.has(attemptId) ? outcome.cards : []))
  return [...new Map(cards.toReversed().map(card => [card.fingerprint.toString('hex'), card])).values()]
}

function applyAll(order: PurchaseOrder, all: readonly Attempt[], settlements: readonly Settlement[], fresh: ReadonlySet<string>) {
  const attempts = new Map(all.filter(({ orderId }) => orderId === order.id).map(attempt => [attempt.id, attempt]))
  const applied: Applied[] = []
  for (const { attemptId, outcome } of settlements) {
    const before = attempts.get(attemptId)
    const after = before === undefined ? null : applyOutcome(before, outcome, fresh)
    if (after === null) continue
    attempts.set(attemptId, after.attempt)
    applied.push(after)
  }
  return { order, attempts: [...attempts.values()], applied }
}

/** Asked for only where somebody needs them. */
async function readOffers(
  deps: SettleDeps,
  tx: Tx,
  moved: readonly Pick<Purchase, 'order' | 'attempts'>[]
): Promise<ReadonlyMap<string, readonly Offer[]>> {
  const needy = moved.filter(({ order, attempts }) => BEING_BOUGHT.includes(order.state) && openPositions(order, attempts).length > 0)
  const sources = await readBuyableSources(tx, [...new Set(needy.map(({ order }) => order.skuId))])
  const offers = sources.flatMap(source => {
    const adapter = deps.findAdapter(source.adapter)
    return adapter === null ? [] : [{ ...source, adapter }]
  })
  return Map.groupBy(offers, offer => offer.skuId)
}

async function write(deps: SettleDeps, tx: Tx, purchases: readonly Purchase[]): Promise<ReadonlyMap<string, number>> {
  const counters = await adjustStock(tx, stockDeltas(purchases))
  await movePurchaseMoney(deps.wallets, tx, purchases)
  const moves = purchases.flatMap(({ order, decision }) => (decision !== null && hasMoved(order, decision) ? [{ order, decision }] : []))
  await Promise.all([
    updateAttempts(tx, lastOfEach(purchases.flatMap(({ applied }) => applied))),
    storePurchased(tx, toPurchasedCards(purchases)),
    insertAttempts(
      tx,
      purchases.flatMap(({ decision }) => decision?.attempts ?? [])
    ),
    updatePurchases(tx, moves),
    publish(tx, purchases.flatMap(purchaseEvents))
  ])
  return counters
}

function hasMoved(order: PurchaseOrder, { state, attempts, isClosed, delivered }: PurchaseDecision): boolean {
  if (state !== order.state && !canMove(order.state, state)) throw new Error(`an order that is ${order.state} cannot become ${state}`)
  return state !== order.state || attempts.length > 0 || isClosed || delivered > 0
}

/** Two outcomes of one attempt in one batch are two steps; the row gets the last one. */
const lastOfEach = (applied: readonly Applied[]): Applied[] => [...new Map(applied.map(each => [each.attempt.id, each])).values()]
