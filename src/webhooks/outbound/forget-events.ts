import type { Db } from '../../kit/db/index.ts'
import { dropDeliveriesUpTo, dropOldEvents, tryLockHorizon } from './forget-repository.ts'

/** Some tens of milliseconds; the feed is read meanwhile. */
const BATCH = 5_000
/** Of one run: ten thousand events a second are more than any hub writes all day. */
const BATCHES_MAX = 20

/**
 * Drops events that are older than `days` from the front of the feed, with the deliveries that are left of them. What was not handed to the
 * endpoints yet stays. Returns how many events went.
 */
export async function forgetEvents(db: Db, days: number): Promise<number> {
  let total = 0
  for (let batch = 0; batch < BATCHES_MAX; batch++) {
    const count = await db.tx(async tx => {
      const horizon = await tryLockHorizon(tx, days)
      const dropped = horizon === null ? null : await dropOldEvents(tx, horizon, { days, limit: BATCH })
      if (dropped === null) return 0
      await dropDeliveriesUpTo(tx, dropped.gone, BATCH)
      return dropped.count
    })
    total += count
    if (count < BATCH) break
  }
  return total
}
