/**
 * The group commit: one transaction for up to some hundred orders. Two round trips, whatever the size:
 * lock and look (one pipeline) → decide in memory → write and commit (one pipeline). Lock order: SKU rows, accounts, spend rows, cards.
 * Existing orders are read after the wallets are locked: a wallet's lock is what keeps two orders with one key apart.
 */
import { lockSpends, saveSpends } from '../accounts/index.ts'
import { lockSkuRows, type SkuRow, writeSkuRows } from '../catalog/index.ts'
import {
  type BatchLane,
  type BatchResult,
  CardUnreadable,
  claimCards,
  issueCards,
  quarantineUnreadable,
  type Vault,
  type Verdict
} from '../inventory/index.ts'
import type { Db, Tx } from '../kit/db/index.ts'
import { failpoint } from '../kit/failpoint.ts'
import { publish } from '../kit/outbox.ts'
import { lockAccounts } from '../ledger/index.ts'
import { PLATFORM_SHARDS, type WalletDirectory } from '../wallet/index.ts'
import { type BatchFacts, type Decision, decideBatch } from './decide-batch.ts'
import { orderEvent } from './events.ts'
import type { DeliveredCard, Order, OrderCandidate, Placement, PlaceOutcome } from './order.ts'
import { findExisting, findTakenReferences, insertOrders } from './repository.ts'
import type { Beginning, BeginPurchases } from './upstream/begin-at-once.ts'

export interface CommitBatchDeps {
  readonly db: Db
  readonly vault: Vault
  readonly wallets: WalletDirectory
  /** After the commit: the stock that is left. */
  readonly noteStock: (skuId: string, available: number) => void
  /** Absent: nothing is bought here at once. */
  readonly beginPurchases?: BeginPurchases
  /** After the commit: there may be orders that are to be bought. */
  readonly noteReserved: () => void
}

/** How often a batch is tried again because a claimed card would not decrypt; each such card is quarantined first. */
const UNREADABLE_RETRIES = 20

export function createBatchCommit(deps: CommitBatchDeps) {
  let turn = Math.floor(Math.random() * PLATFORM_SHARDS)
  return async function commitBatch(candidates: readonly OrderCandidate[], lanes: readonly BatchLane[]): Promise<BatchResult<PlaceOutcome>> {
    turn = (turn + 1) % PLATFORM_SHARDS
    const isReserving = candidates.some(candidate => candidate.reserve)
    const batch = { candidates, lanes, shard: turn, beginning: isReserving ? ((await deps.beginPurchases?.(candidates)) ?? null) : null }
    for (let attempt = 1; ; attempt++) {
      try {
        const done = await deps.db.txEndingWith(tx => runBatch(deps, tx, batch))
        failpoint('order.committed')
        for (const row of done.skuRows) deps.noteStock(row.skuId, row.available)
        if (batch.beginning !== null) batch.beginning.committed()
        else if (isReserving) deps.noteReserved()
        return done.result
      } catch (error) {
        if (!(error instanceof CardUnreadable) || attempt > UNREADABLE_RETRIES) throw error
        await quarantineUnreadable(deps.db, [error.cardId])
      }
    }
  }
}

interface Batch {
  readonly candidates: readonly OrderCandidate[]
  readonly lanes: readonly BatchLane[]
  /** Which of the platform's revenue accounts this batch uses: another batch uses another, and neither waits. */
  readonly shard: number
  /** Null: nothing of it is bought at once. */
  readonly beginning: Beginning | null
}

async function runBatch(deps: CommitBatchDeps, tx: Tx, batch: Batch) {
  const [facts] = await Promise.all([lockAndLook(deps, tx, batch), batch.beginning?.look(tx, batch.candidates)])
  failpoint('order.locked')
  const decisions = begin(batch.beginning, decideBatch(batch.candidates, facts), facts)
  const placements = decisions.flatMap(decision => (decision.kind === 'place' ? [decision.placement] : []))
  const skuRows = nextSkuRows(batch.lanes, facts, placements)
  const written = Promise.all([write(tx, facts, placements, skuRows), batch.beginning?.write(tx)]).then(([createdAt]) => createdAt)
  written.catch(() => undefined)
  // While PostgreSQL writes; a card that will not open fails the transaction before it commits.
  const cards = await openCards(deps.vault, placements)
  failpoint('order.written')
  const fences = new Map(skuRows.map(row => [row.skuId, row.fence]))
  const toResult = (createdAt: Date): BatchResult<PlaceOutcome> => ({
    verdicts: decisions.map(decision => toVerdict(decision, cards, createdAt)),
    fences
  })
  return { last: written.then(createdAt => ({ result: toResult(createdAt), skuRows })) }
}

function begin(beginning: Beginning | null, decisions: Decision[], { skuRows }: BatchFacts): Decision[] {
  if (beginning === null) return decisions
  return decisions.map(decision => {
    if (decision.kind !== 'place') return decision
    const { placement } = decision
    const hasStock = (skuRows.get(placement.candidate.skuId)?.available ?? 0) > 0
    return { kind: 'place', placement: beginning.begin(placement, hasStock) }
  })
}

async function lockAndLook(deps: CommitBatchDeps, tx: Tx, { candidates, lanes, shard }: Batch): Promise<BatchFacts> {
  const revenueAccount = (currency: string): string => {
    const account = deps.wallets.platform('revenue', currency, shard)
    if (account === undefined) throw new Error(`no revenue account for ${currency}`)
    return account
  }
  const accountIds = new Set(candidates.flatMap(candidate => accountsOf(candidate, revenueAccount)))
  const wanted = new Map<string, number>()
  for (const { skuId, quantity } of candidates) wanted.set(skuId, (wanted.get(skuId) ?? 0) + quantity)
  const references = candidates.flatMap(({ request: { resellerId, reference } }) => (reference === null ? [] : [{ resellerId, reference }]))
  const capped = candidates.flatMap(({ request }) => (request.dailySpendCap === null || request.apiKeyId === null ? [] : [request.apiKeyId]))
  const [skuRows, book, spentToday, existing, takenReferences, claimed] = await Promise.all([
    lockSkuRows(
      tx,
      lanes.map(lane => lane.skuId)
    ),
    lockAccounts(tx, [...accountIds]),
    lockSpends(tx, capped),
    findExisting(
      tx,
      candidates.map(candidate => candidate.request)
    ),
    findTakenReferences(tx, references),
    claimCards(tx, wanted)
  ])
  return { lanes, skuRows, book, existing, takenReferences, claimed, spentToday, revenueAccount }
}

function accountsOf(candidate: OrderCandidate, revenueAccount: (currency: string) => string): string[] {
  const { wallet, price, request } = candidate
  if (wallet === null || price.total === 0n) return []
  const held = request.backorder || candidate.reserve ? [wallet.held] : []
  return [wallet.wallet, ...held, revenueAccount(price.currency)]
}

/** The rows of the SKUs whose leadership stands, with what this batch takes; a newly won leadership mints its fence here. */
function nextSkuRows(lanes: readonly BatchLane[], facts: BatchFacts, placements: readonly Placement[]): SkuRow[] {
  const sold = new Map<string, number>()
  for (const {
    candidate: { skuId },
    cards
  } of placements)
    sold.set(skuId, (sold.get(skuId) ?? 0) + cards.length)
  return lanes.flatMap(({ skuId, mandate }) => {
    const row = facts.skuRows.get(skuId)
    if (row === undefined || (mandate.kind === 'fenced' && row.fence !== mandate.fence)) return []
    const fence = mandate.kind === 'mint' ? row.fence + 1n : row.fence
    return [{ ...row, fence, available: row.available - (sold.get(skuId) ?? 0) }]
  })
}

/** Returns the time of the orders that were written; without orders only a newly minted fence is. */
async function write(tx: Tx, facts: BatchFacts, placements: readonly Placement[], skuRows: readonly SkuRow[]): Promise<Date> {
  const changed = skuRows.filter(row => {
    const before = facts.skuRows.get(row.skuId)
    return before?.fence !== row.fence || before.available !== row.available
  })
  if (placements.length === 0) {
    await writeSkuRows(tx, changed)
    return new Date()
  }
  const [createdAt] = await Promise.all([
    insertOrders(tx, placements),
    writeSkuRows(tx, changed),
    facts.book.write(tx),
    saveSpends(tx, facts.spentToday),
    issueCards(tx, placements.flatMap(toIssues)),
    publish(tx, placements.flatMap(toEvents))
  ])
  return createdAt
}

/** Of an order that is to be bought there is nothing to tell yet: the answer says that it waits. */
function toEvents({ candidate: { id, request, price }, state }: Placement) {
  if (state === 'reserved' || state === 'submitting') return []
  const { resellerId, reference, skuId, quantity } = request
  const { total, currency } = price
  return [
    orderEvent(state === 'fulfilled' ? 'order.fulfilled' : 'order.backordered', { id, resellerId, reference, skuId, quantity, total, currency })
  ]
}

function toIssues({ candidate: { id, request }, cards }: Placement) {
  const reveal = request.reveal ? { apiKeyId: request.apiKeyId, requestId: request.requestId } : null
  return cards.map((card, position) => ({ cardId: card.id, orderId: id, position, reveal }))
}

/** The secrets of the placements that show them, by order id. Data keys that are not cached yet are read first. */
async function openCards(vault: Vault, placements: readonly Placement[]): Promise<Map<string, DeliveredCard[]>> {
  const shown = placements.filter(({ candidate }) => candidate.request.reveal)
  await vault.prepare(new Set(shown.flatMap(({ cards }) => cards.map(card => card.dataKeyId))))
  return new Map(
    shown.map(({ candidate, cards }) => [candidate.id, cards.map(card => ({ id: card.id, expiresAt: card.expiresAt, ...vault.open(card) }))])
  )
}

function toVerdict(decision: Decision, cards: ReadonlyMap<string, DeliveredCard[]>, createdAt: Date): Verdict<PlaceOutcome> {
  if (decision.kind === 'again') return decision
  if (decision.kind === 'answer') return { kind: 'answer', answer: decision.outcome }
  const order = toOrder(decision.placement, createdAt)
  return { kind: 'answer', answer: { kind: 'placed', placed: { order, cards: cards.get(order.id) ?? [] } } }
}

function toOrder({ candidate: { id, request, price }, state, balanceAfter, reviewAfterMs }: Placement, createdAt: Date): Order {
  return {
    id,
    resellerId: request.resellerId,
    reference: request.reference,
    state,
    skuId: request.skuId,
    quantity: request.quantity,
    currency: price.currency,
    unitPrice: price.unitPrice,
    total: price.total,
    balanceAfter,
    priceRule: price.rule,
    reveal: request.reveal,
    metadata: request.metadata,
    createdAt,
    fulfilledAt: state === 'fulfilled' ? createdAt : null,
    deadlineAt: reviewAfterMs === undefined ? null : new Date(createdAt.getTime() + reviewAfterMs),
    delivered: reviewAfterMs === undefined ? null : 0
  }
}
