/** SQL of what suppliers say of their products. */
import { type Queryable, statement, type Tx } from '../../kit/db/index.ts'
import { availableOf, type SourceReport, type Taken } from './report.ts'

const REPORTED = statement(
  'source_reported_skus',
  `
  SELECT DISTINCT x.sku_id FROM unnest($1::uuid[], $2::text[]) AS r (supplier_id, code)
  JOIN sku_source x ON x.supplier_id = r.supplier_id AND x.product_code = r.code`
)

export const listReportedSkus = async (db: Queryable, reports: readonly Pick<SourceReport, 'supplierId' | 'productCode'>[]): Promise<string[]> =>
  (await db.query<{ sku_id: string }>(REPORTED, [reports.map(({ supplierId }) => supplierId), reports.map(({ productCode }) => productCode)])).map(
    row => row.sku_id
  )

// A clock that is ahead must not shut out what comes after it: nothing is of a moment later than now. A cost in another currency than
// the SKU's says nothing; nor does one of zero, which no supplier means.
const WRITE = statement(
  'source_write_reports',
  `
  WITH report AS (
    SELECT r.*, least(r.said_at, clock_timestamp()) AS at
    FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bigint[], $5::text[], $6::boolean[], $7::int[], $8::boolean[])
      AS r (supplier_id, code, said_at, unit_cost, currency, says_stock, available, on_sale)
  ), heard AS (
    SELECT x.sku_id, x.supplier_id, x.product_code, x.unit_cost AS old_cost, x.available AS old_available, x.on_sale AS old_on_sale, r.at,
      r.unit_cost > 0 AND r.currency = s.currency AND r.at >= x.cost_at AS is_cost, r.unit_cost,
      (r.says_stock OR r.on_sale IS NOT NULL) AND r.at >= coalesce(x.stock_at, '-infinity') AS is_stock, r.says_stock, r.available, r.on_sale
    FROM report r JOIN sku_source x ON x.supplier_id = r.supplier_id AND x.product_code = r.code JOIN sku s ON s.id = x.sku_id
  ), written AS (
    UPDATE sku_source x SET
      unit_cost = CASE WHEN h.is_cost THEN h.unit_cost ELSE x.unit_cost END,
      cost_at = CASE WHEN h.is_cost THEN h.at ELSE x.cost_at END,
      available = CASE WHEN h.is_stock AND h.says_stock THEN h.available ELSE x.available END,
      on_sale = CASE WHEN h.is_stock THEN coalesce(h.on_sale, x.on_sale) ELSE x.on_sale END,
      stock_at = CASE WHEN h.is_stock THEN h.at ELSE x.stock_at END,
      seen_at = greatest(x.seen_at, h.at), updated_at = now()
    FROM heard h WHERE x.sku_id = h.sku_id AND x.supplier_id = h.supplier_id AND x.product_code = h.product_code
    RETURNING x.sku_id, x.enabled AND (x.unit_cost, x.available, x.on_sale) IS DISTINCT FROM (h.old_cost, h.old_available, h.old_on_sale) AS moved
  )
  SELECT DISTINCT sku_id FROM written WHERE moved`
)

/** Of SKUs that this transaction has locked. Returns those whose enabled sources changed. */
export async function writeReports(tx: Tx, reports: readonly SourceReport[]): Promise<string[]> {
  const column = <V>(pick: (report: SourceReport) => V): V[] => reports.map(pick)
  const rows = await tx.query<{ sku_id: string }>(WRITE, [
    column(({ supplierId }) => supplierId),
    column(({ productCode }) => productCode),
    column(({ at }) => at),
    column(({ unitCost }) => unitCost?.amount.toString() ?? null),
    column(({ unitCost }) => unitCost?.currency ?? null),
    column(({ stock }) => stock !== null),
    column(availableOf),
    column(({ onSale }) => onSale)
  ])
  return rows.map(row => row.sku_id)
}

// Its moment stays: it is what the supplier said, less what we know of.
const LOWER = statement(
  'source_lower_available',
  `
  WITH taken AS (
    SELECT supplier_id, code, sum(quantity) FILTER (WHERE NOT was_short) AS bought, min(quantity) FILTER (WHERE was_short) AS refused
    FROM unnest($1::uuid[], $2::text[], $3::int[], $4::boolean[]) AS t (supplier_id, code, quantity, was_short) GROUP BY supplier_id, code
  ), lowered AS (
    SELECT x.sku_id, x.supplier_id, x.product_code, greatest(0, least(x.available - coalesce(t.bought, 0), t.refused - 1))::int AS available
    FROM taken t JOIN sku_source x ON x.supplier_id = t.supplier_id AND x.product_code = t.code WHERE x.available IS NOT NULL
  )
  UPDATE sku_source x SET available = l.available FROM lowered l
  WHERE x.sku_id = l.sku_id AND x.supplier_id = l.supplier_id AND x.product_code = l.product_code AND x.available <> l.available
  RETURNING x.sku_id`
)

/** Of SKUs that this transaction has locked. Returns those of which something changed. */
export async function lowerAvailable(tx: Tx, taken: readonly Taken[]): Promise<string[]> {
  const rows = await tx.query<{ sku_id: string }>(LOWER, [
    taken.map(({ supplierId }) => supplierId),
    taken.map(({ productCode }) => productCode),
    taken.map(({ quantity }) => quantity),
    taken.map(({ wasShort }) => wasShort)
  ])
  return [...new Set(rows.map(row => row.sku_id))]
}
