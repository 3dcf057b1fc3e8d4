import type { Db } from '../kit/db/index.ts'
import { moveUnsold } from './move-cards.ts'
import { moveCards, skusOfCards } from './repository.ts'
import { moveOf } from './states.ts'

/** Takes available cards that do not decrypt out of sale, so that the next order is not stopped by them. Returns how many. */
export async function quarantineUnreadable(db: Db, cardIds: readonly string[]): Promise<number> {
  const skuIds = await skusOfCards(db, cardIds)
  const move = { ...moveOf('quarantine'), from: ['available'] as const }
  const { moved } = await moveUnsold({ db, noteStock: () => undefined }, skuIds, move.to, tx => moveCards(tx, cardIds, move))
  return moved
}
