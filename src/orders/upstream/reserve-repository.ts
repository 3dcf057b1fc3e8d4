/** SQL of orders that wait for stock and may be bought. */
import { type Queryable, statement, type Tx } from '../../kit/db/index.ts'

const SKUS = statement(
  'purchase_skus_to_reserve',
  `
  SELECT w.sku_id FROM (SELECT DISTINCT sku_id FROM orders WHERE state = 'backordered') w
  WHERE EXISTS (SELECT FROM sku_source x JOIN supplier y ON y.id = x.supplier_id
    WHERE x.sku_id = w.sku_id AND x.enabled AND x.on_sale AND x.available > 0 AND y.state = 'active' AND y.adapter <> 'push')
  LIMIT $1`
)

/** SKUs that somebody waits for, and that a source says it has. */
export const skusToReserve = async (db: Queryable, limit: number): Promise<string[]> =>
  (await db.query<{ sku_id: string }>(SKUS, [limit])).map(row => row.sku_id)

const OWN_STOCK = statement('purchase_own_stock', 'SELECT available FROM sku_fence WHERE sku_id = $1')

export async function readOwnStock(db: Queryable, skuId: string): Promise<number> {
  const [row] = await db.query<{ available: number }>(OWN_STOCK, [skuId])
  return row?.available ?? 0
}

const RESERVE = statement(
  'purchase_reserve',
  `
  UPDATE orders o SET state = 'reserved', buys_from = (SELECT count(*) FROM supplier_attempt a WHERE a.order_id = o.id)
  WHERE o.id = ANY($1::uuid[]) AND o.state = 'backordered'
    AND NOT EXISTS (SELECT FROM supplier_attempt a WHERE a.order_id = o.id AND a.ended_at > now() - $2 * interval '1 millisecond')`
)

/** Those that were not tried lately. Returns how many. */
export const reserveOrders = (tx: Tx, orderIds: readonly string[], retryAfterMs: number): Promise<number> =>
  tx.execute(RESERVE, [orderIds, retryAfterMs])
