/** SQL of how suppliers did lately. */
import { type Queryable, statement } from '../../kit/db/index.ts'

// The newest purchases of each supplier, by an index: some hundred rows each, whatever the table has grown to.
const MEASURES = statement(
  'purchase_measures',
  `
  SELECT s.id AS "supplierId", count(*)::int AS tries, (count(*) FILTER (WHERE a.good))::int AS good,
    coalesce(avg(a.latency_ms) FILTER (WHERE a.good), 0)::float8 AS "latencyMs"
  FROM supplier s CROSS JOIN LATERAL (
    SELECT state IN ('succeeded', 'partial') AS good, extract(epoch FROM ended_at - sent_at) * 1000 AS latency_ms FROM supplier_attempt
    WHERE supplier_id = s.id AND ended_at > now() - $1 * interval '1 millisecond' AND sent_at IS NOT NULL
    ORDER BY ended_at DESC LIMIT $2) a
  WHERE s.state = 'active' GROUP BY s.id`
)

export interface MeasureRow {
  readonly supplierId: string
  /** Purchases that came to an end. */
  readonly tries: number
  readonly good: number
  /** Of the good ones, from the call to the goods. */
  readonly latencyMs: number
}

export const readMeasures = (db: Queryable, windowMs: number, attemptsMax: number): Promise<MeasureRow[]> =>
  db.query<MeasureRow & Record<string, unknown>>(MEASURES, [windowMs, attemptsMax])
