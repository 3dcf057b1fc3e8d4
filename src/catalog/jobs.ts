/** What the worker runs on a schedule. */
import type { Queryable } from '../kit/db/index.ts'
import { dropSuperseded, publishMovedStock } from './stock-repository.ts'

/** SKUs in one run; the run after takes the rest. */
const PUBLISH_BATCH = 1_000
/** Long enough that every follower who keeps up sees each change. */
const SUPERSEDED_KEPT_MS = 600_000
/** One statement of a second or two at most. */
const DROP_BATCH = 20_000

/** Announces the SKUs whose stock differs from what was announced last; returns how many. Any number of instances may run it. */
export const publishStockChanges = async (db: Queryable): Promise<number> => await publishMovedStock(db, PUBLISH_BATCH)

/**
 * Keeps the feed as long as the catalog is large: drops changes for which a newer one of the same SKU and kind exists. A follower
 * loses nothing, however old its cursor, because a change shows the SKU as it is when it is read. Returns how many were dropped.
 */
export const compactChanges = async (db: Queryable): Promise<number> => await dropSuperseded(db, SUPERSEDED_KEPT_MS, DROP_BATCH)
