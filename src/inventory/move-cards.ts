/** The one way in which unsold cards change their state: SKU rows locked first, the stock counter in the same transaction. */
import { adjustStock, lockSkuRows } from '../catalog/index.ts'
import type { Db, Tx } from '../kit/db/index.ts'
import type { CardState } from './card.ts'
import type { MovedCard } from './repository.ts'

export interface MoveDeps {
  readonly db: Db
  /** After the commit: the stock that is left. */
  readonly noteStock: (skuId: string, available: number) => void
}

/** `move` updates the cards and says which they were. Returns their number, and the rest of what `move` returned. */
export async function moveUnsold<T extends { readonly cards: readonly MovedCard[] }>(
  deps: MoveDeps,
  skuIds: readonly string[],
  to: CardState,
  move: (tx: Tx) => Promise<T>
): Promise<Omit<T, 'cards'> & { moved: number }> {
  const { result, counters } = await deps.db.tx(async tx => {
    await lockSkuRows(tx, skuIds)
    const { cards, ...rest } = await move(tx)
    return { result: { ...rest, moved: cards.length }, counters: await adjustStock(tx, stockDeltas(cards, to)) }
  })
  for (const [skuId, available] of counters) deps.noteStock(skuId, available)
  return result
}

/** Available cards that leave subtract, others that become available add. */
function stockDeltas(cards: readonly MovedCard[], to: CardState): { skuId: string; delta: number }[] {
  const deltas = new Map<string, number>()
  for (const { skuId, from } of cards) {
    const delta = (to === 'available' ? 1 : 0) - (from === 'available' ? 1 : 0)
    if (delta !== 0) deltas.set(skuId, (deltas.get(skuId) ?? 0) + delta)
  }
  return [...deltas].map(([skuId, delta]) => ({ skuId, delta }))
}
