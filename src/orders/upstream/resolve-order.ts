import { isUsable, type SealedCard, sealPurchased, type Vault } from '../../inventory/index.ts'
import type { Tx } from '../../kit/db/index.ts'
import { DomainError, invalid, notFound } from '../../kit/errors.ts'
import { once } from '../../kit/idempotency.ts'
import type { ExistingOrder } from '../order.ts'
import { readOrder } from '../repository.ts'
import { type Attempt, isLive, type Outcome } from './attempt.ts'
import { loadAccounts } from './move-purchase-money.ts'
import { lockAttempts, lockPurchases } from './repository.ts'
import { type SettleDeps, type Settlement, settlePurchases } from './settle-purchases.ts'

export interface ResolveDeps extends SettleDeps {
  readonly vault: Vault
}

export interface ResolveOrder {
  readonly orderId: string
  readonly outcome: 'fulfilled' | 'failed'
  readonly cards: readonly { readonly number: string | null; readonly secret: string; readonly expiresAt: Date | null }[]
  readonly idempotency: { readonly ownerId: string; readonly key: string; readonly hash: Buffer }
}

/**
 * A person decides what the supplier could not tell. `fulfilled` gives the cards to the order and captures the money; `failed` releases
 * it, and nobody else is asked.
 * Throws: `not_found`, `validation_failed`, `state_conflict`, `idempotency_key_reused`, `request_in_progress`.
 */
export async function resolveOrder(deps: ResolveDeps, input: ResolveOrder): Promise<{ order: ExistingOrder; replayed: boolean }> {
  const { orderId, cards, outcome, idempotency } = input
  const before = await readOrder(deps.db, orderId, null)
  if (before === null) throw notFound('order')
  if (outcome === 'failed' && cards.length > 0) throw invalid('/cards', 'must be absent when the order failed')
  const unusable = cards.findIndex(card => !isUsable(card))
  if (unusable >= 0) throw invalid(`/cards/${unusable}`, 'is no card')
  await loadAccounts(deps.wallets, [before])
  const sealed = await sealPurchased(deps.vault, before.skuId, cards)
  const { replayed } = await once(deps.db, idempotency, async tx => {
    await resolve(deps, tx, input, sealed)
    return {}
  })
  const order = await readOrder(deps.db, orderId, null)
  if (order === null) throw notFound('order')
  return { order, replayed }
}

async function resolve(deps: ResolveDeps, tx: Tx, { orderId, outcome }: ResolveOrder, sealed: readonly SealedCard[]): Promise<void> {
  const orders = await lockPurchases(tx, [orderId])
  const [order] = orders
  if (order === undefined || (order.state !== 'review' && order.state !== 'uncertain')) {
    throw new DomainError('state_conflict', `Only an order in review or uncertain can be resolved; this one is ${order?.state}.`)
  }
  const unclear = (await lockAttempts(tx, [orderId])).filter(({ state }) => isLive(state) && (state === 'review' || state === 'unknown'))
  const needed = order.isTopUp ? 0 : unclear.reduce((sum, attempt) => sum + attempt.units.length, 0)
  if (outcome === 'fulfilled' && sealed.length !== needed) throw invalid('/cards', `must be ${needed} cards, one for each unclear unit`)
  const settlements = unclear.map((attempt, index) => toSettlement(attempt, outcomeFor(unclear, index, { outcome, sealed, isTopUp: order.isTopUp })))
  const { settled, last } = await settlePurchases(deps, tx, { orders, attemptsOf: [orderId], skuIds: [] }, settlements)
  await last
  const isShort = settled.purchases.some(({ applied }) => applied.some(({ attempt }) => outcome === 'fulfilled' && attempt.state !== 'succeeded'))
  if (isShort) throw new DomainError('state_conflict', 'One of these cards has been stocked or sold before. Nothing was changed.')
}

const toSettlement = (attempt: Attempt, outcome: Outcome): Settlement => ({ orderId: attempt.orderId, attemptId: attempt.id, outcome })

interface Said {
  readonly outcome: ResolveOrder['outcome']
  readonly sealed: readonly SealedCard[]
  readonly isTopUp: boolean
}

/** The cards in the order in which they were given. */
function outcomeFor(unclear: readonly Attempt[], index: number, { outcome, sealed, isTopUp }: Said): Outcome {
  if (outcome === 'failed') return { kind: 'given_up', detail: 'an operator says that it failed' }
  const from = unclear.slice(0, index).reduce((sum, attempt) => sum + attempt.units.length, 0)
  const cards = isTopUp ? [] : sealed.slice(from, from + (unclear[index]?.units.length ?? 0))
  return { kind: 'delivered', upstreamId: null, unitCost: null, cards, isTopUp, isWhole: true }
}
