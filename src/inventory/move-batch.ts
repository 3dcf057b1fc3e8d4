import { notFound } from '../kit/errors.ts'
import type { Batch } from './batch.ts'
import type { CardState } from './card.ts'
import { type MoveDeps, moveUnsold } from './move-cards.ts'
import { findBatch, moveCardsOfBatch } from './repository.ts'
import { type CardAction, moveOf, type UnsoldState } from './states.ts'

/** Orders of the SKU wait for one transaction of this many cards: some tens of milliseconds. */
const CARDS_IN_ONE_TRANSACTION = 1_000

/**
 * Takes all unsold cards of an import out of sale, puts them back, or voids them. Cards that are sold meanwhile stay sold. If it is
 * interrupted, what moved stays moved, and doing it again moves the rest. Throws: `not_found`.
 */
export async function moveBatch(
  deps: MoveDeps,
  { batchId, action }: { batchId: string; action: CardAction }
): Promise<{ batch: Batch; moved: number }> {
  const batch = await findBatch(deps.db, batchId)
  if (batch === null) throw notFound('batch')
  const { from, to } = moveOf(action)
  let moved = 0
  for (const state of from) moved += await moveAll(deps, batch, { from: state, to })
  return { batch, moved }
}

async function moveAll(deps: MoveDeps, { id, skuId }: Batch, { from, to }: { from: UnsoldState; to: CardState }): Promise<number> {
  let moved = 0
  let after = 0n
  for (;;) {
    const step = await moveUnsold(deps, [skuId], to, tx => moveCardsOfBatch(tx, id, { from, to, after, limit: CARDS_IN_ONE_TRANSACTION }))
    moved += step.moved
    if (step.moved < CARDS_IN_ONE_TRANSACTION) return moved
    after = step.last
  }
}
