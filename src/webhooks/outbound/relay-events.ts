import type { Db } from '../../kit/db/index.ts'
import { failpoint } from '../../kit/failpoint.ts'
import { type RelayLimits, relayBatch, tryLockCursor } from './relay-repository.ts'

/** Events of one transaction: some milliseconds, after which a resuming endpoint may take its turn. */
const BATCH: RelayLimits = { events: 1_000, deliveries: 20_000 }

const NONE = { count: 0, more: false }

/** Hands all new events to the endpoints that asked for them, each exactly once. Returns how many events it looked at. */
export async function relayEvents(db: Db): Promise<number> {
  for (let total = 0; ; ) {
    const { count, more } = await db.tx(async tx => {
      const cursor = await tryLockCursor(tx)
      return cursor === null ? NONE : await relayBatch(tx, cursor, BATCH)
    })
    if (count > 0) failpoint('webhook.relayed')
    total += count
    if (!more) return total
  }
}
