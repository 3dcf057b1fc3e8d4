/** SQL of orders: the batch statements are set-based and prepared; nothing here runs once per order. */
import { plainArray, type Queryable, statement, type Tx } from '../kit/db/index.ts'
import { fromRow, type OrderRow } from './convert.ts'
import { existingKey } from './decide-batch.ts'
import type { ExistingOrder, Placement } from './order.ts'
import type { OrderState } from './states.ts'

const COLUMNS = `o.id, o.reseller_id, o.idempotency_key, o.request_hash, o.reference, o.state, o.sku_id, o.quantity, o.currency,
  o.unit_price, o.total, o.balance_after, o.price_rule, o.reveal, o.metadata, o.created_at, o.fulfilled_at,
  o.deadline_at, o.delivered`

const FIND_EXISTING = statement(
  'order_find_existing',
  `
  SELECT ${COLUMNS} FROM unnest($1::uuid[], $2::text[]) AS k (reseller_id, idempotency_key)
  CROSS JOIN LATERAL (SELECT * FROM orders WHERE reseller_id = k.reseller_id AND idempotency_key = k.idempotency_key LIMIT 1) o`
)

export interface OrderKey {
  readonly resellerId: string
  readonly idempotencyKey: string
}

/** The orders that these keys have made, by `existingKey`. */
export async function findExisting(db: Queryable, keys: readonly OrderKey[]): Promise<Map<string, ExistingOrder>> {
  const rows = await db.query<OrderRow>(FIND_EXISTING, [plainArray(keys.map(key => key.resellerId)), keys.map(key => key.idempotencyKey)])
  return new Map(rows.map(row => [existingKey(row.reseller_id, row.idempotency_key), fromRow(row)]))
}

const FIND_REFERENCES = statement(
  'order_find_references',
  `
  SELECT o.reseller_id, o.reference FROM unnest($1::uuid[], $2::text[]) AS k (reseller_id, reference)
  CROSS JOIN LATERAL (SELECT reseller_id, reference FROM orders WHERE reseller_id = k.reseller_id AND reference = k.reference LIMIT 1) o`
)

/** Which of these references are taken, as `existingKey`s. */
export async function findTakenReferences(tx: Tx, wanted: readonly { resellerId: string; reference: string }[]): Promise<Set<string>> {
  if (wanted.length === 0) return new Set()
  const rows = await tx.query<{ reseller_id: string; reference: string }>(FIND_REFERENCES, [
    wanted.map(each => each.resellerId),
    wanted.map(each => each.reference)
  ])
  return new Set(rows.map(row => existingKey(row.reseller_id, row.reference)))
}

const INSERT = statement(
  'order_insert',
  `
  WITH inserted AS (
    INSERT INTO orders (id, reseller_id, idempotency_key, request_hash, reference, state, sku_id, quantity, currency, unit_price, total,
      balance_after, price_rule, reveal, api_key_id, quote_id, input, metadata, fulfilled_at, closed_at, buys_from,
      delivered, deadline_at)
    SELECT id, reseller_id, idempotency_key, request_hash, reference, state, sku_id, quantity, currency, unit_price, unit_price * quantity,
      balance_after, price_rule, reveal, api_key_id, quote_id, input, metadata,
      CASE WHEN state = 'fulfilled' THEN now() END, CASE WHEN state = 'fulfilled' THEN now() END, CASE WHEN waits THEN 0 END,
      CASE WHEN review_ms IS NOT NULL THEN 0 END, now() + review_ms * interval '1 millisecond'
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::uuid[], $8::int[], $9::text[], $10::bigint[],
      $11::bigint[], $12::text[], $13::boolean[], $14::uuid[], $15::uuid[], $16::jsonb[], $17::jsonb[], $18::boolean[], $19::bigint[])
      AS t (id, reseller_id, idempotency_key, request_hash, reference, state, sku_id, quantity, currency, unit_price,
      balance_after, price_rule, reveal, api_key_id, quote_id, input, metadata, waits, review_ms)
  )
  SELECT now() AS now`
)

const jsonOrNull = (value: object | null): string | null => (value === null ? null : JSON.stringify(value))

/** Returns the transaction's time, which is `created_at` of all of them. */
export async function insertOrders(tx: Tx, placements: readonly Placement[]): Promise<Date> {
  const column = <V>(pick: (placement: Placement) => V): V[] => placements.map(pick)
  const plain = (pick: (placement: Placement) => string | bigint | number | null): string => plainArray(column(pick))
  const [row] = await tx.query<{ now: Date }>(INSERT, [
    plain(({ candidate }) => candidate.id),
    plain(({ candidate }) => candidate.request.resellerId),
    column(({ candidate }) => candidate.request.idempotencyKey),
    column(({ candidate }) => candidate.request.requestHash),
    column(({ candidate }) => candidate.request.reference),
    plain(placement => placement.state),
    plain(({ candidate }) => candidate.skuId),
    plain(({ candidate }) => candidate.quantity),
    plain(({ candidate }) => candidate.price.currency),
    plain(({ candidate }) => candidate.price.unitPrice),
    plain(placement => placement.balanceAfter),
    plain(({ candidate }) => candidate.price.rule),
    column(({ candidate }) => candidate.request.reveal),
    plain(({ candidate }) => candidate.request.apiKeyId),
    plain(({ candidate }) => candidate.request.quoteId),
    column(({ candidate }) => jsonOrNull(candidate.request.input)),
    column(({ candidate }) => jsonOrNull(candidate.request.metadata)),
    column(({ candidate, state }) => state !== 'fulfilled' && candidate.sourced && candidate.request.backorder),
    plain(({ reviewAfterMs }) => reviewAfterMs ?? null)
  ])
  if (row === undefined) throw new Error('PostgreSQL gave no time')
  return row.now
}

const READ = statement('order_read', `SELECT ${COLUMNS} FROM orders o WHERE o.id = $1 AND ($2::uuid IS NULL OR o.reseller_id = $2)`)

/** `resellerId` null: for operators. */
export async function readOrder(db: Queryable, orderId: string, resellerId: string | null): Promise<ExistingOrder | null> {
  const [row] = await db.query<OrderRow>(READ, [orderId, resellerId])
  return row === undefined ? null : fromRow(row)
}

export interface OrderFilter {
  /** Null: all resellers, for operators. */
  readonly resellerId: string | null
  readonly reference?: string | undefined
  readonly state?: OrderState | undefined
  readonly skuId?: string | undefined
  readonly from?: Date | undefined
  readonly to?: Date | undefined
  /** The id of the last order of the page before. */
  readonly before?: string | undefined
  readonly limit: number
}

/** One statement for each set of filters: the planner should see which are there. Newest first; ids are time-ordered. */
export async function listOrders(db: Queryable, filter: OrderFilter): Promise<ExistingOrder[]> {
  const values: unknown[] = []
  const where: string[] = ['true']
  let name = 'order_list'
  const add = (condition: string, value: unknown): void => {
    name += value === undefined || value === null ? '0' : '1'
    if (value === undefined || value === null) return
    values.push(value)
    where.push(condition.replace('?', `$${values.length}`))
  }
  add('o.reseller_id = ?', filter.resellerId)
  add('o.reference = ?', filter.reference)
  add('o.state = ?', filter.state)
  add('o.sku_id = ?', filter.skuId)
  add('o.created_at >= ?', filter.from)
  add('o.created_at < ?', filter.to)
  add('o.id < ?', filter.before)
  values.push(filter.limit)
  const text = `SELECT ${COLUMNS} FROM orders o WHERE ${where.join(' AND ')} ORDER BY o.id DESC LIMIT $${values.length}`
  const rows = await db.query<OrderRow>(statement(name, text), values)
  return rows.map(fromRow)
}

const MOVE = statement(
  'order_move',
  `
  UPDATE orders SET state = $3, fulfilled_at = CASE WHEN $3 = 'fulfilled' THEN now() ELSE fulfilled_at END,
    closed_at = CASE WHEN $3 IN ('fulfilled', 'cancelled', 'failed') THEN now() ELSE closed_at END
  WHERE id = ANY ($1::uuid[]) AND state = $2`
)

/** The guarded change of state; returns how many orders were still in the old one. */
export const moveOrders = (tx: Tx, orderIds: readonly string[], from: OrderState, to: OrderState): Promise<number> =>
  tx.execute(MOVE, [orderIds, from, to])

const LOCK = statement('order_lock', `SELECT ${COLUMNS} FROM orders o WHERE o.id = $1 AND o.reseller_id = $2 FOR NO KEY UPDATE`)

export async function lockOrder(tx: Tx, orderId: string, resellerId: string): Promise<ExistingOrder | null> {
  const [row] = await tx.query<OrderRow>(LOCK, [orderId, resellerId])
  return row === undefined ? null : fromRow(row)
}

const BACKORDERS = `SELECT ${COLUMNS} FROM orders o WHERE o.sku_id = $1 AND o.state = 'backordered' ORDER BY o.id LIMIT $2`
const READ_BACKORDERS = statement('order_read_backorders', BACKORDERS)
const LOCK_BACKORDERS = statement('order_lock_backorders', `${BACKORDERS} FOR NO KEY UPDATE`)

/** The oldest orders that wait for stock of this SKU. */
export async function readBackorders(db: Queryable, skuId: string, limit: number): Promise<ExistingOrder[]> {
  return (await db.query<OrderRow>(READ_BACKORDERS, [skuId, limit])).map(fromRow)
}

export async function lockBackorders(tx: Tx, skuId: string, limit: number): Promise<ExistingOrder[]> {
  return (await tx.query<OrderRow>(LOCK_BACKORDERS, [skuId, limit])).map(fromRow)
}

const SKUS_TO_FILL = statement(
  'order_skus_to_fill',
  `
  SELECT DISTINCT o.sku_id FROM orders o JOIN sku_fence f ON f.sku_id = o.sku_id WHERE o.state = 'backordered' AND f.available > 0 LIMIT $1`
)

/** SKUs that have stock and somebody waiting for it. */
export async function skusToFill(db: Queryable, limit: number): Promise<string[]> {
  return (await db.query<{ sku_id: string }>(SKUS_TO_FILL, [limit])).map(row => row.sku_id)
}
