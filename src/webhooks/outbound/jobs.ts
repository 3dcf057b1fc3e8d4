/** What the worker runs on a schedule. Any number of instances may run them at once. */
import type { Db } from '../../kit/db/index.ts'
import { clearDeliveries } from './delivery-repository.ts'

/** The log of an endpoint reaches back this far. */
const KEPT_DAYS = 30
const CLEAR_BATCH = 2_000

/** Deletes deliveries that finished long ago, or whose endpoint is gone. Returns how many. */
export const clearOldDeliveries = async (db: Db): Promise<number> => await clearDeliveries(db, { days: KEPT_DAYS, limit: CLEAR_BATCH })
