/** SQL of the sweep: which attempts are due, and taking them. A claim pushes `due_at` ahead; if its owner dies, they are due again. */
import { type Queryable, statement } from '../../kit/db/index.ts'
import type { AttemptState } from './attempt.ts'

const SUPPLIERS = statement(
  'purchase_due_suppliers',
  `SELECT s.id FROM supplier s WHERE EXISTS (SELECT FROM supplier_attempt a WHERE a.supplier_id = s.id AND a.due_at <= now())`
)

/** Suppliers for which something is due. */
export const readDueSuppliers = async (db: Queryable): Promise<string[]> => (await db.query<{ id: string }>(SUPPLIERS)).map(row => row.id)

// One statement, so that what it takes is committed before anything is sent: an intent becomes sent before the call, never after.
const CLAIM = statement(
  'purchase_claim',
  `
  WITH due AS (
    SELECT a.id, a.order_id, a.state, w.lease_ms
    FROM unnest($1::uuid[], $2::int[], $3::boolean[], $4::int[]) AS w (supplier_id, slots, buys, lease_ms)
    CROSS JOIN LATERAL (
      SELECT id, order_id, state FROM supplier_attempt
      WHERE supplier_id = w.supplier_id AND due_at <= now() AND (w.buys OR state <> 'intent')
      ORDER BY due_at LIMIT w.slots FOR NO KEY UPDATE SKIP LOCKED) a
  )
  UPDATE supplier_attempt t SET due_at = now() + due.lease_ms * interval '1 millisecond',
    state = CASE WHEN due.state = 'intent' THEN 'sent' ELSE due.state END,
    tries = t.tries + CASE WHEN due.state = 'intent' THEN 1 ELSE 0 END,
    sent_at = CASE WHEN due.state = 'intent' THEN clock_timestamp() ELSE t.sent_at END
  FROM due JOIN orders o ON o.id = due.order_id JOIN sku k ON k.id = o.sku_id JOIN product p ON p.id = k.product_id
  WHERE t.id = due.id
  RETURNING t.id, t.order_id, t.supplier_id, t.product_code, t.reference, t.quantity, t.currency, t.max_unit_cost, t.upstream_id,
    due.state AS claimed_from, o.reseller_id, o.sku_id, o.input, p.kind = 'topup' AS is_top_up`
)

export interface Claimed {
  readonly id: string
  readonly orderId: string
  readonly resellerId: string
  readonly supplierId: string
  readonly skuId: string
  readonly productCode: string
  readonly reference: string
  readonly quantity: number
  readonly currency: string
  readonly maxUnitCost: bigint
  readonly upstreamId: string | null
  /** `intent`: it is ours to send, once. Anything else is only asked for. */
  readonly claimedFrom: AttemptState
  /** Sealed. */
  readonly input: Readonly<Record<string, string>> | null
  readonly isTopUp: boolean
}

interface ClaimedRow {
  id: string
  order_id: string
  reseller_id: string
  supplier_id: string
  sku_id: string
  product_code: string
  reference: string
  quantity: number
  currency: string
  max_unit_cost: string
  upstream_id: string | null
  claimed_from: AttemptState
  input: Record<string, string> | null
  is_top_up: boolean
}

export interface Want {
  readonly supplierId: string
  readonly slots: number
  /** False: what was bought is asked for, but nothing new is bought. */
  readonly buys: boolean
  /** Whoever claims answers for it so long. */
  readonly leaseMs: number
}

export async function claimDue(db: Queryable, wanted: readonly Want[]): Promise<Claimed[]> {
  if (wanted.length === 0) return []
  const rows = await db.query<ClaimedRow>(CLAIM, [
    wanted.map(each => each.supplierId),
    wanted.map(each => each.slots),
    wanted.map(each => each.buys),
    wanted.map(each => each.leaseMs)
  ])
  return rows.map(row => ({
    id: row.id,
    orderId: row.order_id,
    resellerId: row.reseller_id,
    supplierId: row.supplier_id,
    skuId: row.sku_id,
    productCode: row.product_code,
    reference: row.reference,
    quantity: row.quantity,
    currency: row.currency,
    maxUnitCost: BigInt(row.max_unit_cost),
    upstreamId: row.upstream_id,
    claimedFrom: row.claimed_from,
    input: row.input,
    isTopUp: row.is_top_up
  }))
}

const UNSENT = statement(
  'purchase_unsent',
  `
  SELECT a.id, a.order_id FROM supplier_attempt a JOIN supplier s ON s.id = a.supplier_id
  WHERE a.state = 'intent' AND (s.state <> 'active' OR a.created_at < now() - $1 * interval '1 millisecond')
  ORDER BY a.created_at LIMIT $2`
)

export interface AttemptKey {
  readonly id: string
  readonly orderId: string
}

/** Intents that were never sent for too long, or whose supplier was paused. */
export const findUnsent = async (db: Queryable, afterMs: number, limit: number): Promise<AttemptKey[]> =>
  (await db.query<{ id: string; order_id: string }>(UNSENT, [afterMs, limit])).map(row => ({ id: row.id, orderId: row.order_id }))

const UNSERVED = statement(
  'purchase_unserved',
  `
  SELECT a.id, a.order_id FROM supplier_attempt a
  WHERE a.due_at < now() - $1 * interval '1 millisecond' AND a.state IN ('sent', 'unknown', 'submitted') AND a.review_at <= now()
  ORDER BY a.due_at LIMIT $2`
)

/** Overdue attempts that nobody asks for, because their supplier cannot be reached from here. */
export const findUnserved = async (db: Queryable, afterMs: number, limit: number): Promise<AttemptKey[]> =>
  (await db.query<{ id: string; order_id: string }>(UNSERVED, [afterMs, limit])).map(row => ({ id: row.id, orderId: row.order_id }))
