import type { Db } from '../../kit/db/index.ts'
import { relayBatch, tryLockCursor } from './relay-repository.ts'

/** Events of one transaction: some milliseconds, after which a resuming endpoint may take its turn. */
const BATCH_MAX = 1_000

/** Hands all new events to the endpoints that asked for them, each exactly once. Returns how many events it looked at. */
export async function relayEvents(db: Db): Promise<number> {
  for (let total = 0; ; ) {
    const count = await db.tx(async tx => {
      const cursor = await tryLockCursor(tx)
      return cursor === null ? 0 : await relayBatch(tx, cursor, BATCH_MAX)
    })
    total += count
    if (count < BATCH_MAX) return total
  }
}
