/** SQL of purchases. Orders are locked before their attempts, always; whoever only claims attempts skips locked ones and waits for nobody. */
import { type Queryable, statement, type Tx } from '../../kit/db/index.ts'
import type { OrderState } from '../states.ts'
import type { Applied } from './apply-outcome.ts'
import type { Attempt, AttemptState, UnitState } from './attempt.ts'
import type { NewAttempt, PurchaseDecision, PurchaseOrder } from './decide-purchase.ts'

const ORDER_COLUMNS = `o.id, o.reseller_id, o.reference, o.state, o.sku_id, o.quantity, o.currency, o.unit_price, o.total, o.deadline_at, o.input,
  o.from_stock, o.buys_from,
  (SELECT p.kind = 'topup' FROM sku s JOIN product p ON p.id = s.product_id WHERE s.id = o.sku_id) AS is_top_up`

interface OrderRow {
  id: string
  reseller_id: string
  reference: string | null
  state: OrderState
  sku_id: string
  quantity: number
  currency: string
  unit_price: string
  total: string
  deadline_at: Date | null
  input: Record<string, string> | null
  is_top_up: boolean | null
  from_stock: number | null
  buys_from: number | null
}

const fromOrderRow = (row: OrderRow): PurchaseOrder => ({
  id: row.id,
  resellerId: row.reseller_id,
  reference: row.reference,
  state: row.state,
  skuId: row.sku_id,
  quantity: row.quantity,
  currency: row.currency,
  unitPrice: BigInt(row.unit_price),
  total: BigInt(row.total),
  isTopUp: row.is_top_up === true,
  input: row.input,
  deadlineAt: row.deadline_at,
  fromStock: row.from_stock ?? 0,
  buysFrom: row.buys_from
})

const LOCK = statement('purchase_lock', `SELECT ${ORDER_COLUMNS} FROM orders o WHERE o.id = ANY($1::uuid[]) ORDER BY o.id FOR NO KEY UPDATE OF o`)

export const lockPurchases = async (tx: Tx, orderIds: readonly string[]): Promise<PurchaseOrder[]> =>
  (await tx.query<OrderRow>(LOCK, [orderIds])).map(fromOrderRow)

const LOCK_RESERVED = statement(
  'purchase_lock_reserved',
  `
  SELECT ${ORDER_COLUMNS}, (SELECT f.available > 0 FROM sku_fence f WHERE f.sku_id = o.sku_id) AS has_stock
  FROM orders o WHERE o.state = 'reserved' ORDER BY o.id LIMIT $1 FOR NO KEY UPDATE OF o SKIP LOCKED`
)

export interface ReservedOrder extends PurchaseOrder {
  /** Of its SKU there was own stock a moment ago. */
  readonly hasStock: boolean
}

/** Orders that nobody has begun to buy, the oldest first. */
export const lockReserved = async (tx: Tx, limit: number): Promise<ReservedOrder[]> =>
  (await tx.query<OrderRow & { has_stock: boolean | null }>(LOCK_RESERVED, [limit])).map(row => ({
    ...fromOrderRow(row),
    hasStock: row.has_stock === true
  }))

export interface PurchaseOwner {
  readonly resellerId: string
  readonly currency: string
}

interface OwnerRow {
  reseller_id: string
  currency: string
}

const OWNERS = statement('purchase_owners', 'SELECT DISTINCT reseller_id, currency FROM orders WHERE id = ANY($1::uuid[])')
const RESERVED_OWNERS = statement(
  'purchase_reserved_owners',
  `SELECT DISTINCT o.reseller_id, o.currency FROM (SELECT reseller_id, currency FROM orders WHERE state = 'reserved' ORDER BY id LIMIT $1) o`
)

const fromOwnerRow = (row: OwnerRow): PurchaseOwner => ({ resellerId: row.reseller_id, currency: row.currency })

export const readPurchaseOwners = async (db: Queryable, orderIds: readonly string[]): Promise<PurchaseOwner[]> =>
  (await db.query<OwnerRow>(OWNERS, [orderIds])).map(fromOwnerRow)

export const readReservedOwners = async (db: Queryable, limit: number): Promise<PurchaseOwner[]> =>
  (await db.query<OwnerRow>(RESERVED_OWNERS, [limit])).map(fromOwnerRow)

const ATTEMPTS = statement(
  'purchase_attempts',
  `
  SELECT a.id, a.order_id, a.ordinal, a.supplier_id, a.product_code, a.state, a.upstream_id, a.unit_cost, a.tries, a.checks, a.not_found,
    a.duplicates, a.detail, a.quiet_time_ms, (extract(epoch FROM now() - coalesce(a.sent_at, a.created_at)) * 1000)::float8 AS age_ms,
    a.review_at <= now() AS is_overdue, u.positions, u.states
  FROM supplier_attempt a CROSS JOIN LATERAL (
    SELECT array_agg(position ORDER BY position) AS positions, array_agg(state ORDER BY position) AS states
    FROM supplier_attempt_unit WHERE attempt_id = a.id) u
  WHERE a.order_id = ANY($1::uuid[]) ORDER BY a.order_id, a.ordinal FOR NO KEY UPDATE OF a`
)

interface AttemptRow {
  id: string
  order_id: string
  ordinal: number
  supplier_id: string
  product_code: string
  state: AttemptState
  upstream_id: string | null
  unit_cost: string
  tries: number
  checks: number
  not_found: number
  duplicates: number
  detail: string | null
  quiet_time_ms: string
  age_ms: number
  is_overdue: boolean
  positions: number[]
  states: UnitState[]
}

/** Of orders that this transaction has locked. */
export async function lockAttempts(tx: Tx, orderIds: readonly string[]): Promise<Attempt[]> {
  const rows = await tx.query<AttemptRow>(ATTEMPTS, [orderIds])
  return rows.map(row => ({
    id: row.id,
    orderId: row.order_id,
    ordinal: row.ordinal,
    supplierId: row.supplier_id,
    productCode: row.product_code,
    state: row.state,
    upstreamId: row.upstream_id,
    unitCost: BigInt(row.unit_cost),
    tries: row.tries,
    checks: row.checks,
    notFound: row.not_found,
    duplicates: row.duplicates,
    detail: row.detail,
    quietTimeMs: Number(row.quiet_time_ms),
    ageMs: row.age_ms,
    isOverdue: row.is_overdue,
    units: row.positions.map((position, index) => ({ position, state: row.states[index] ?? 'live' }))
  }))
}

const INSERT_ATTEMPTS = statement(
  'purchase_insert_attempts',
  `
  INSERT INTO supplier_attempt (id, order_id, ordinal, supplier_id, product_code, reference, quantity, currency, unit_cost, max_unit_cost,
    quiet_time_ms, review_at, due_at, state, tries, sent_at)
  SELECT id, order_id, ordinal, supplier_id, product_code, reference, quantity, currency, unit_cost, max_unit_cost, quiet_time_ms,
    now() + review_ms * interval '1 millisecond', now() + coalesce(lease_ms, 0) * interval '1 millisecond',
    CASE WHEN lease_ms IS NULL THEN 'intent' ELSE 'sent' END, CASE WHEN lease_ms IS NULL THEN 0 ELSE 1 END,
    CASE WHEN lease_ms IS NOT NULL THEN clock_timestamp() END
  FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::uuid[], $5::text[], $6::text[], $7::int[], $8::text[], $9::bigint[], $10::bigint[],
    $11::bigint[], $12::bigint[], $13::int[])
    AS t (id, order_id, ordinal, supplier_id, product_code, reference, quantity, currency, unit_cost, max_unit_cost, quiet_time_ms, review_ms, lease_ms)`
)

const INSERT_UNITS = statement(
  'purchase_insert_units',
  `
  INSERT INTO supplier_attempt_unit (attempt_id, order_id, position) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[])`
)

/** What is sent right after the commit is leased to the sender, like a claim: if it dies, the attempt is asked for. */
export async function insertAttempts(tx: Tx, attempts: readonly NewAttempt[]): Promise<void> {
  if (attempts.length === 0) return
  const column = <V>(pick: (attempt: NewAttempt) => V): V[] => attempts.map(pick)
  const units = attempts.flatMap(({ id, orderId, positions }) => positions.map(position => ({ id, orderId, position })))
  await Promise.all([
    tx.execute(INSERT_ATTEMPTS, [
      column(({ id }) => id),
      column(({ orderId }) => orderId),
      column(({ ordinal }) => ordinal),
      column(({ offer }) => offer.supplierId),
      column(({ offer }) => offer.productCode),
      column(({ reference }) => reference),
      column(({ positions }) => positions.length),
      column(({ currency }) => currency),
      column(({ offer }) => offer.unitCost.toString()),
      column(({ maxUnitCost }) => maxUnitCost.toString()),
      column(({ offer }) => offer.adapter.capabilities.quietTimeMs),
      column(({ offer }) => offer.adapter.capabilities.reviewAfterMs),
      column(({ leaseMs }) => leaseMs)
    ]),
    tx.execute(INSERT_UNITS, [units.map(unit => unit.id), units.map(unit => unit.orderId), units.map(unit => unit.position)])
  ])
}

// At the latest it is asked for when its time is up, so that a person hears of it then.
const UPDATE_ATTEMPTS = statement(
  'purchase_update_attempts',
  `
  UPDATE supplier_attempt a SET state = t.state, upstream_id = t.upstream_id, unit_cost = t.unit_cost, checks = t.checks, not_found = t.not_found,
    duplicates = t.duplicates, detail = left(t.detail, 500),
    due_at = CASE WHEN t.state IN ('unknown', 'submitted') AND a.review_at > now()
      THEN least(now() + t.due_ms * interval '1 millisecond', a.review_at) ELSE now() + t.due_ms * interval '1 millisecond' END,
    sent_at = CASE WHEN t.state IN ('intent', 'failed') THEN a.sent_at ELSE coalesce(a.sent_at, now()) END,
    ended_at = CASE WHEN t.state IN ('succeeded', 'partial', 'failed', 'orphan') THEN coalesce(a.ended_at, now()) END
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::int[], $6::int[], $7::int[], $8::text[], $9::bigint[])
    AS t (id, state, upstream_id, unit_cost, checks, not_found, duplicates, detail, due_ms)
  WHERE a.id = t.id`
)

const UPDATE_UNITS = statement(
  'purchase_update_units',
  `
  UPDATE supplier_attempt_unit u SET state = t.state FROM unnest($1::uuid[], $2::int[], $3::text[]) AS t (attempt_id, position, state)
  WHERE u.attempt_id = t.attempt_id AND u.position = t.position AND u.state <> t.state`
)

/** Attempts that this transaction has locked, with their units. */
export async function updateAttempts(tx: Tx, applied: readonly Applied[]): Promise<void> {
  if (applied.length === 0) return
  const column = <V>(pick: (applied: Applied) => V): V[] => applied.map(pick)
  const units = applied.flatMap(({ attempt }) => attempt.units.map(unit => ({ ...unit, id: attempt.id })))
  await Promise.all([
    tx.execute(UPDATE_ATTEMPTS, [
      column(({ attempt }) => attempt.id),
      column(({ attempt }) => attempt.state),
      column(({ attempt }) => attempt.upstreamId),
      column(({ attempt }) => attempt.unitCost.toString()),
      column(({ attempt }) => attempt.checks),
      column(({ attempt }) => attempt.notFound),
      column(({ attempt }) => attempt.duplicates),
      column(({ attempt }) => attempt.detail),
      column(({ dueInMs }) => dueInMs)
    ]),
    tx.execute(UPDATE_UNITS, [units.map(unit => unit.id), units.map(unit => unit.position), units.map(unit => unit.state)])
  ])
}

const UPDATE_ORDERS = statement(
  'purchase_update_orders',
  `
  WITH moved AS (UPDATE orders o SET state = t.state, delivered = t.delivered, from_stock = nullif(t.from_stock, 0),
    deadline_at = CASE WHEN NOT t.closed THEN (SELECT max(a.review_at) FROM supplier_attempt a WHERE a.order_id = o.id AND a.ended_at IS NULL) END,
    fulfilled_at = CASE WHEN t.closed AND t.delivered > 0 THEN now() END, closed_at = CASE WHEN t.closed THEN now() END
  FROM unnest($1::uuid[], $2::text[], $3::int[], $4::boolean[], $5::text[], $6::int[]) AS t (id, state, delivered, closed, old, from_stock)
  WHERE o.id = t.id AND o.state = t.old RETURNING 1)
  SELECT expect_rows(count(*), cardinality($1), 'purchases moved') FROM moved`
)

/** After the attempts were written. Fails if one of the orders is not in the state that it was locked in. */
export async function updatePurchases(
  tx: Tx,
  moves: readonly { readonly order: PurchaseOrder; readonly decision: PurchaseDecision }[]
): Promise<void> {
  if (moves.length === 0) return
  await tx.execute(UPDATE_ORDERS, [
    moves.map(({ order }) => order.id),
    moves.map(({ decision }) => decision.state),
    moves.map(({ decision }) => decision.delivered),
    moves.map(({ decision }) => decision.isClosed),
    moves.map(({ order }) => order.state),
    moves.map(({ order }) => order.fromStock)
  ])
}

const LIVE_REFERENCES = statement(
  'purchase_find_reference',
  `SELECT id, order_id FROM supplier_attempt WHERE supplier_id = $1 AND ($2::text IS NOT NULL AND reference = $2
    OR $3::text IS NOT NULL AND upstream_id = $3 AND ended_at IS NULL) LIMIT 1`
)

export async function findAttempt(
  db: Queryable,
  supplierId: string,
  { reference, upstreamId }: { readonly reference: string | null; readonly upstreamId: string | null }
): Promise<{ readonly id: string; readonly orderId: string } | null> {
  const [row] = await db.query<{ id: string; order_id: string }>(LIVE_REFERENCES, [supplierId, reference, upstreamId])
  return row === undefined ? null : { id: row.id, orderId: row.order_id }
}

const ASK_NOW = statement(
  'purchase_ask_now',
  `UPDATE supplier_attempt SET due_at = now() WHERE id = $1 AND state NOT IN ('intent', 'sent', 'succeeded')`
)

/** False: it is being asked already, or there is nothing left to ask. */
export const askNow = async (db: Queryable, attemptId: string): Promise<boolean> => (await db.execute(ASK_NOW, [attemptId])) === 1
