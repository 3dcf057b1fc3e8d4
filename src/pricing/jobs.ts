/** What the worker runs on a schedule. */
import type { Queryable } from '../kit/db/index.ts'
import { QUOTE_KEPT_MS } from './quote.ts'
import { deleteExpired } from './repository.ts'

/** One statement of some tens of milliseconds; the run after takes the rest. */
const DELETE_BATCH = 5_000

/** Drops quotes that expired long ago; returns how many. */
export const deleteExpiredQuotes = async (db: Queryable): Promise<number> => await deleteExpired(db, QUOTE_KEPT_MS, DELETE_BATCH)
