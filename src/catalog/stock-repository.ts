/** SQL of what orders touch: the fence rows, listings, and the change feed. Sets of rows, one statement each. */
import { plainArray, type Queryable, statement, type Tx } from '../kit/db/index.ts'
import type { CatalogChange, ChangeKind, FeedPosition } from './change.ts'
import { fromListingRow, type ListingRow } from './convert.ts'
import type { ListingData } from './listing.ts'

export interface SkuRow {
  readonly skuId: string
  readonly fence: bigint
  readonly available: number
  readonly revision: bigint
}

// The rows a SKU is sold by. Both tables start together, so that a SKU without stock is not announced as a change of stock.
const OPEN_STOCK = statement(
  'catalog_open_stock',
  `
  WITH fence AS (INSERT INTO sku_fence (sku_id) VALUES ($1))
  INSERT INTO stock_published (sku_id, available) VALUES ($1, 0)`
)

export async function openStock(tx: Tx, skuId: string): Promise<void> {
  await tx.execute(OPEN_STOCK, [skuId])
}

const LOCK = statement(
  'catalog_lock_sku_rows',
  `
  SELECT sku_id, fence, available, revision FROM sku_fence WHERE sku_id = ANY($1::uuid[]) ORDER BY sku_id FOR NO KEY UPDATE`
)

/** Locks the rows in the global order, and reads them as they are under the lock. SKUs that do not exist are missing in the answer. */
export async function lockSkuRows(tx: Tx, skuIds: readonly string[]): Promise<Map<string, SkuRow>> {
  const rows = await tx.query<{ sku_id: string; fence: string; available: number; revision: string }>(LOCK, [plainArray(skuIds)])
  return new Map(
    rows.map(row => [
      row.sku_id,
      {
        skuId: row.sku_id,
        fence: BigInt(row.fence),
        available: row.available,
        revision: BigInt(row.revision)
      }
    ])
  )
}

const WRITE = statement(
  'catalog_write_sku_rows',
  `
  UPDATE sku_fence f SET available = v.available, fence = v.fence
  FROM unnest($1::uuid[], $2::int[], $3::bigint[]) AS v (sku_id, available, fence) WHERE f.sku_id = v.sku_id`
)

/** Writes counters and fences of rows that this transaction has locked with `lockSkuRows`. */
export async function writeSkuRows(tx: Tx, rows: readonly SkuRow[]): Promise<void> {
  if (rows.length === 0) return
  await tx.execute(WRITE, [
    plainArray(rows.map(row => row.skuId)),
    plainArray(rows.map(row => row.available)),
    plainArray(rows.map(row => row.fence))
  ])
}

const ADJUST = statement(
  'catalog_adjust_stock',
  `
  WITH wanted AS (
    SELECT d.sku_id, sum(d.delta)::int AS delta FROM unnest($1::uuid[], $2::int[]) AS d (sku_id, delta) GROUP BY d.sku_id
  ), locked AS (
    SELECT sku_id FROM sku_fence WHERE sku_id = ANY($1::uuid[]) ORDER BY sku_id FOR NO KEY UPDATE
  )
  UPDATE sku_fence f SET available = f.available + wanted.delta
  FROM locked JOIN wanted USING (sku_id) WHERE f.sku_id = locked.sku_id RETURNING f.sku_id, f.available`
)

/** Adds to the stock counters; returns the new ones. A counter below zero is refused by the database: it would be an oversell. */
export async function adjustStock(tx: Tx, deltas: readonly { skuId: string; delta: number }[]): Promise<Map<string, number>> {
  if (deltas.length === 0) return new Map()
  const skuIds = deltas.map(({ skuId }) => skuId)
  const rows = await tx.query<{ sku_id: string; available: number }>(ADJUST, [skuIds, deltas.map(({ delta }) => delta)])
  const counters = new Map(rows.map(row => [row.sku_id, row.available]))
  const lost = skuIds.find(skuId => !counters.has(skuId))
  if (lost !== undefined) throw new Error(`SKU ${lost} has no stock row`)
  return counters
}

const BUMP = statement(
  'catalog_bump_revision',
  `
  WITH locked AS (SELECT sku_id FROM sku_fence WHERE sku_id = ANY($1::uuid[]) ORDER BY sku_id FOR NO KEY UPDATE)
  UPDATE sku_fence f SET revision = f.revision + 1 FROM locked WHERE f.sku_id = locked.sku_id`
)

/** Makes every cached offer of these SKUs stale: the allocator compares revisions under the lock that this takes. */
export async function bumpRevision(tx: Tx, skuIds: readonly string[]): Promise<void> {
  if (skuIds.length > 0) await tx.execute(BUMP, [skuIds])
}

const APPEND = statement(
  'catalog_append_changes',
  `
  INSERT INTO catalog_change (sku_id, kind) SELECT * FROM unnest($1::uuid[], $2::text[])`
)

export async function appendChanges(tx: Tx, changes: readonly { skuId: string; kind: ChangeKind }[]): Promise<void> {
  if (changes.length === 0) return
  await tx.execute(APPEND, [changes.map(({ skuId }) => skuId), changes.map(({ kind }) => kind)])
}

const ANNOUNCE_PRODUCT = statement(
  'catalog_announce_product',
  `
  WITH locked AS (
    SELECT f.sku_id FROM sku_fence f JOIN sku s ON s.id = f.sku_id WHERE s.product_id = $1 ORDER BY f.sku_id FOR NO KEY UPDATE OF f
  ), bumped AS (
    UPDATE sku_fence f SET revision = f.revision + 1 FROM locked WHERE f.sku_id = locked.sku_id RETURNING f.sku_id
  )
  INSERT INTO catalog_change (sku_id, kind) SELECT sku_id, 'listing' FROM bumped ORDER BY sku_id`
)

/** A change of a product is a change of all its SKUs. */
export async function announceProduct(tx: Tx, productId: string): Promise<void> {
  await tx.execute(ANNOUNCE_PRODUCT, [productId])
}

// Text, because JSON numbers are floats. Sources and their limits are kept by suppliers/; what they offer is part of what is sold.
const LISTINGS = statement(
  'catalog_listings',
  `
  SELECT s.id, s.product_id, s.code, s.name, p.kind, s.currency, s.price, s.min_quantity, s.max_quantity, s.card_kind, s.input_schema,
    s.instructions, s.low_stock_threshold, s.state = 'active' AND p.state = 'active' AS on_sale, f.revision, f.available,
    g.margin_floor, g.max_cost,
    (SELECT json_agg(json_build_array(x.unit_cost::text, x.available)) FROM sku_source x JOIN supplier y ON y.id = x.supplier_id
      WHERE x.sku_id = s.id AND x.enabled AND x.on_sale AND y.state = 'active' AND y.adapter <> 'push') AS offers,
    (SELECT json_agg(json_build_array(r.tier, r.reseller_id, r.min_quantity, r.unit_price::text)) FROM sku_price r WHERE r.sku_id = s.id) AS prices
  FROM sku s JOIN product p ON p.id = s.product_id JOIN sku_fence f ON f.sku_id = s.id LEFT JOIN sku_sourcing g ON g.sku_id = s.id
  WHERE s.id = ANY($1::uuid[])`
)

/** Each listing is of one snapshot: its prices are those of its revision. */
export async function readListings(db: Queryable, skuIds: readonly string[]): Promise<ListingData[]> {
  return (await db.query<ListingRow>(LISTINGS, [skuIds])).map(fromListingRow)
}

// ORDER BY names the table's columns: a bare xid would be the text in the select list, in which 10 comes before 9.
const READ_CHANGES = statement(
  'catalog_read_changes',
  `
  SELECT c.xid::text, c.seq::text, c.sku_id, c.kind, c.created_at FROM catalog_change c
  WHERE (c.xid, c.seq) > ($1::xid8, $2::bigint) AND c.xid < pg_snapshot_xmin(pg_current_snapshot())
  ORDER BY c.xid, c.seq LIMIT $3`
)

interface ChangeRow {
  xid: string
  seq: string
  sku_id: string
  kind: ChangeKind
  created_at: Date
}

/** Oldest first; only what no running transaction can still be committed before. */
export async function readChanges(db: Queryable, after: FeedPosition, limit: number): Promise<CatalogChange[]> {
  const rows = await db.query<ChangeRow>(READ_CHANGES, [after.xid, after.seq, limit])
  return rows.map(row => ({ position: { xid: row.xid, seq: row.seq }, skuId: row.sku_id, kind: row.kind, at: row.created_at }))
}

const FEED_END = statement('catalog_feed_end', 'SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xid')

/** Whatever is readable now lies before it, whatever becomes readable later behind it. */
export async function readFeedEnd(db: Queryable): Promise<FeedPosition> {
  const [row] = await db.query<{ xid: string }>(FEED_END)
  if (row === undefined) throw new Error('PostgreSQL gave no snapshot')
  return { xid: row.xid, seq: '0' }
}

// Reads the counters without a lock: announcing must never wait for orders. Twin runs meet on stock_published, in SKU order,
// and the second finds nothing left to say. A counter that moved meanwhile differs again in the next run.
const PUBLISH_STOCK = statement(
  'catalog_publish_stock',
  `
  WITH moved AS (
    SELECT f.sku_id, f.available FROM sku_fence f LEFT JOIN stock_published p ON p.sku_id = f.sku_id
    WHERE p.available IS DISTINCT FROM f.available ORDER BY f.sku_id LIMIT $1
  ), published AS (
    INSERT INTO stock_published AS p (sku_id, available) SELECT sku_id, available FROM moved ORDER BY sku_id
    ON CONFLICT (sku_id) DO UPDATE SET available = EXCLUDED.available WHERE p.available <> EXCLUDED.available
    RETURNING p.sku_id
  )
  INSERT INTO catalog_change (sku_id, kind) SELECT sku_id, 'stock' FROM published`
)

export const publishMovedStock = (db: Queryable, limit: number): Promise<number> => db.execute(PUBLISH_STOCK, [limit])

const DROP_SUPERSEDED = statement(
  'catalog_drop_superseded',
  `
  DELETE FROM catalog_change WHERE (xid, seq) IN (
    SELECT o.xid, o.seq FROM catalog_change o
    WHERE o.created_at < now() - $1 * interval '1 millisecond' AND EXISTS (
      SELECT 1 FROM catalog_change n WHERE n.sku_id = o.sku_id AND n.kind = o.kind AND (n.xid, n.seq) > (o.xid, o.seq))
    ORDER BY o.xid, o.seq LIMIT $2)`
)

export const dropSuperseded = (db: Queryable, olderThanMs: number, limit: number): Promise<number> =>
  db.execute(DROP_SUPERSEDED, [olderThanMs, limit])
