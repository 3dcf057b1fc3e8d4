import type { Db, Tx } from '../kit/db/index.ts'
import { broadcast, publish } from '../kit/outbox.ts'
import { announce } from './announced.ts'
import { hasNews, lockEventCursor, moveEventCursor, readAnnounced, readDue, writeAnnounced } from './announced-repository.ts'
import { readChanges, readListings } from './stock-repository.ts'

/** Changes of one transaction; a flash sale is a handful of them, because stock is compared and not counted. */
const CHANGES_MAX = 1_000
const DUE_MAX = 500
/** Stock that goes to and fro would make events as fast as it moves. */
const STOCK_EVENT_GAP_MS = 2_000

/**
 * Turns the change feed into events: what resellers were told of each changed SKU is compared with what it is now, so that many changes
 * make one event, or none. A SKU that is not on sale is not talked about. Returns how many changes were looked at.
 */
export async function announceChanges(db: Db): Promise<number> {
  for (let total = 0; ; ) {
    if (!(await hasNews(db))) return total
    const count = await db.tx(announceNext)
    total += count
    if (count < CHANGES_MAX) return total
  }
}

async function announceNext(tx: Tx): Promise<number> {
  const cursor = await lockEventCursor(tx)
  if (cursor === null) return 0
  const changes = await readChanges(tx, cursor, CHANGES_MAX)
  const skuIds = [...new Set([...changes.map(({ skuId }) => skuId), ...(await readDue(tx, DUE_MAX))])].sort()
  // After the changes: each listing is as they left it, or newer.
  const listings = (await readListings(tx, skuIds)).filter(({ onSale }) => onSale)
  const known = new Map((await readAnnounced(tx, skuIds, STOCK_EVENT_GAP_MS)).map(each => [each.skuId, each]))
  const news = listings.map(listing => announce(listing, known.get(listing.skuId), STOCK_EVENT_GAP_MS))
  await broadcast(
    tx,
    news.flatMap(({ broadcasts }) => broadcasts)
  )
  await publish(
    tx,
    news.flatMap(({ events }) => events)
  )
  await writeAnnounced(tx, {
    announced: news.map(({ after }) => after),
    hidden: skuIds.filter(skuId => !listings.some(listing => listing.skuId === skuId))
  })
  const last = changes.at(-1)
  if (last !== undefined) await moveEventCursor(tx, last.position)
  return changes.length
}
