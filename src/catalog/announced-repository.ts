/** SQL of what resellers were last told of each SKU. */
import { type Queryable, statement, type Tx } from '../kit/db/index.ts'
import type { Announced, Announcement, PriceLists, StockLevel } from './announced.ts'
import type { FeedPosition } from './change.ts'

const HAS_NEWS = statement(
  'catalog_has_news',
  `
  SELECT EXISTS (SELECT FROM catalog_announced WHERE due_at <= now()) OR EXISTS (
    SELECT FROM catalog_event_cursor k CROSS JOIN LATERAL (
      SELECT FROM catalog_change c WHERE (c.xid, c.seq) > (k.xid, k.seq) AND c.xid < pg_snapshot_xmin(pg_current_snapshot())
      ORDER BY c.xid, c.seq LIMIT 1) next) AS news`
)

/** Without a lock or a transaction: most of the time there is none. */
export async function hasNews(db: Queryable): Promise<boolean> {
  const [row] = await db.query<{ news: boolean }>(HAS_NEWS)
  return row?.news === true
}

const LOCK_CURSOR = statement('catalog_event_cursor_lock', 'SELECT xid::text, seq::text FROM catalog_event_cursor FOR NO KEY UPDATE SKIP LOCKED')
const MOVE_CURSOR = statement('catalog_event_cursor_move', 'UPDATE catalog_event_cursor SET xid = $1::xid8, seq = $2')

/** Null: another process looks through the feed right now. */
export const lockEventCursor = async (tx: Tx): Promise<FeedPosition | null> => (await tx.query<FeedPosition>(LOCK_CURSOR))[0] ?? null

export const moveEventCursor = async (tx: Tx, { xid, seq }: FeedPosition): Promise<void> => void (await tx.execute(MOVE_CURSOR, [xid, seq]))

const DUE = statement('catalog_announced_due', 'SELECT sku_id FROM catalog_announced WHERE due_at <= now() ORDER BY due_at LIMIT $1')

export const readDue = async (tx: Tx, limit: number): Promise<string[]> => (await tx.query<{ sku_id: string }>(DUE, [limit])).map(row => row.sku_id)

const READ = statement(
  'catalog_announced_read',
  `
  SELECT sku_id, level, prices,
    CASE WHEN announced_at > now() - $2 * interval '1 millisecond'
      THEN ceil(extract(epoch FROM announced_at - now()) * 1000 + $2)::int ELSE 0 END AS quiet_ms
  FROM catalog_announced WHERE sku_id = ANY($1::uuid[])`
)

interface AnnouncedRow {
  sku_id: string
  level: StockLevel
  prices: PriceLists | null
  quiet_ms: number
}

export async function readAnnounced(tx: Tx, skuIds: readonly string[], gapMs: number): Promise<Announced[]> {
  const rows = await tx.query<AnnouncedRow>(READ, [skuIds, gapMs])
  return rows.map(row => ({ skuId: row.sku_id, level: row.level, prices: row.prices, quietMs: row.quiet_ms }))
}

const WRITE = statement(
  'catalog_announced_write',
  `
  INSERT INTO catalog_announced AS a (sku_id, level, prices, announced_at, due_at)
  SELECT n.sku_id, n.level, n.prices, CASE WHEN n.told THEN now() ELSE '-infinity' END, now() + n.due_in_ms * interval '1 millisecond'
  FROM unnest($1::uuid[], $2::text[], $3::jsonb[], $4::boolean[], $5::int[]) AS n (sku_id, level, prices, told, due_in_ms)
  ON CONFLICT (sku_id) DO UPDATE SET level = EXCLUDED.level, prices = EXCLUDED.prices, due_at = EXCLUDED.due_at,
    announced_at = greatest(a.announced_at, EXCLUDED.announced_at)`
)
const FORGET_DUE = statement(
  'catalog_announced_forget_due',
  'UPDATE catalog_announced SET due_at = NULL WHERE sku_id = ANY($1::uuid[]) AND due_at IS NOT NULL'
)

/** `hidden` are not on sale: they are looked at when they change again. */
export async function writeAnnounced(
  tx: Tx,
  { announced, hidden }: { readonly announced: readonly Announcement['after'][]; readonly hidden: readonly string[] }
): Promise<void> {
  if (hidden.length > 0) await tx.execute(FORGET_DUE, [hidden])
  if (announced.length === 0) return
  await tx.execute(WRITE, [
    announced.map(each => each.skuId),
    announced.map(each => each.level),
    announced.map(each => JSON.stringify(each.prices)),
    announced.map(each => each.stockAnnounced),
    announced.map(each => each.dueInMs)
  ])
}
