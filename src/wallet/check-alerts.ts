import type { Db, Tx } from '../kit/db/index.ts'
import { publish } from '../kit/outbox.ts'
import { checkAlert } from './alert.ts'
import { lockAlerts, noteChecks, readHistories, readMoved } from './alert-repository.ts'

/** Wallets of one transaction. */
const WALLETS_MAX = 500
/** Entries of one wallet in one transaction; the next one has the rest. */
const ENTRIES_MAX = 5_000

/**
 * Tells of wallets that ran low, once for each time they did: entry by entry, so that a wallet which was filled again at once is told of too.
 * Movements wait for nothing here. Any number of instances may run it. Returns how many wallets were looked at.
 */
export async function checkAlerts(db: Db): Promise<number> {
  const moved = await readMoved(db, WALLETS_MAX)
  if (moved.length === 0) return 0
  return await db.tx(async tx => {
    const accountIds = await lockAlerts(tx, moved, { wait: false })
    await checkLocked(tx, accountIds)
    return accountIds.length
  })
}

/** Before what counts as low changes: what has happened so far is judged as it was. */
export async function settleAlert(tx: Tx, accountId: string): Promise<void> {
  const locked = await lockAlerts(tx, [accountId], { wait: true })
  while (locked.length > 0 && !(await checkLocked(tx, locked)));
}

/** True: to the end. */
async function checkLocked(tx: Tx, accountIds: readonly string[]): Promise<boolean> {
  if (accountIds.length === 0) return true
  const checks = (await readHistories(tx, accountIds, ENTRIES_MAX)).map(checkAlert)
  await publish(
    tx,
    checks.flatMap(({ events }) => events)
  )
  await noteChecks(tx, checks)
  return checks.every(({ checkedLimit }) => checkedLimit !== null)
}
