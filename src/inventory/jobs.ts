/** What the worker runs on a schedule. Any number of instances may run them at once. */
import type { Queryable } from '../kit/db/index.ts'
import { failStalled } from './import/repository.ts'
import { type MoveDeps, moveUnsold } from './move-cards.ts'
import { listExpired, moveCards, skusOfCards } from './repository.ts'

/** Cards in one run, and so in one transaction; the run after takes the rest. */
const EXPIRE_BATCH = 1_000

/** Voids available cards that are past their expiry. Returns how many. */
export async function expireCards(deps: MoveDeps): Promise<number> {
  const cardIds = await listExpired(deps.db, EXPIRE_BATCH)
  if (cardIds.length === 0) return 0
  const move = { from: ['available'], to: 'void' } as const
  const { moved } = await moveUnsold(deps, await skusOfCards(deps.db, cardIds), move.to, tx => moveCards(tx, cardIds, move))
  return moved
}

/** Marks imports as failed whose process died: they are not `importing`, and their Idempotency-Key is free again. Returns how many. */
export const failStalledImports = async (db: Queryable): Promise<number> => await failStalled(db)
