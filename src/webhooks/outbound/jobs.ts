/** What the worker runs on a schedule. Any number of instances may run them at once. */
import type { Db } from '../../kit/db/index.ts'
import { clearDeliveries } from './delivery-repository.ts'

/** The log of an endpoint reaches back this far. */
const KEPT_DAYS = 30
/** Some tens of milliseconds. */
const CLEAR_BATCH = 2_000
/** Of one run: with a run every ten seconds, as many as a busy hub makes. */
const CLEAR_BATCHES_MAX = 10

/** Deletes deliveries that finished long ago, or whose endpoint is gone. Returns how many. */
export async function clearOldDeliveries(db: Db): Promise<number> {
  let total = 0
  for (let batch = 0; batch < CLEAR_BATCHES_MAX; batch++) {
    const count = await clearDeliveries(db, { days: KEPT_DAYS, limit: CLEAR_BATCH })
    total += count
    if (count < CLEAR_BATCH) break
  }
  return total
}
