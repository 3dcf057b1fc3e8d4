/** The cards of a replayed order: decrypted anew (no answer is ever stored) and logged as another reveal. */
import { listOrderCards, revealCards, type Vault } from '../inventory/index.ts'
import type { Db } from '../kit/db/index.ts'
import type { DeliveredCard, Order } from './order.ts'
import { isDelivered } from './states.ts'

export interface RevealDeps {
  readonly db: Db
  readonly vault: Vault
}

export interface Revealer {
  readonly apiKeyId: string | null
  readonly requestId: string
}

/** An order's maximum quantity: all of its cards are shown again. */
const CARDS_MAX = 10_000

export async function revealAgain(deps: RevealDeps, order: Order, by: Revealer): Promise<DeliveredCard[]> {
  if (!isDelivered(order.state) || !order.reveal) return []
  return await revealPage(deps, order, by, { limit: CARDS_MAX, after: -1 })
}

/** Cards of an order from a position on. The log is written in the transaction that reads them: nothing is shown unlogged. */
export async function revealPage(
  deps: RevealDeps,
  order: Order,
  by: Revealer,
  page: { readonly limit: number; readonly after: number }
): Promise<DeliveredCard[]> {
  const stored = await deps.db.tx(async tx => {
    const cards = await listOrderCards(tx, order.id, page)
    await revealCards(tx, { orderId: order.id, cardIds: cards.map(card => card.id), ...by })
    return cards
  })
  await deps.vault.prepare(new Set(stored.map(card => card.dataKeyId)))
  return stored.map(card => ({ id: card.id, expiresAt: card.expiresAt, ...deps.vault.open(card) }))
}
