import { type Db, type Queryable, statement } from '../kit/db/index.ts'
import type { ErrorCode, FieldError } from '../kit/errors.ts'

/** Never a card: an order is read again, and its cards are revealed again. */
export type StoredResult =
  | { readonly orderId: string }
  | { readonly code: ErrorCode; readonly detail: string; readonly errors: readonly FieldError[] | null }

interface StoredBatch {
  readonly id: string
  readonly hash: Buffer
  readonly results: readonly StoredResult[]
}

const FIND = statement('order_batch_find', 'SELECT id, request_hash, results FROM order_batch WHERE reseller_id = $1 AND idempotency_key = $2')

export async function findOrderBatch(db: Queryable, resellerId: string, key: string): Promise<StoredBatch | null> {
  const [row] = await db.query<{ id: string; request_hash: Buffer; results: StoredResult[] }>(FIND, [resellerId, key])
  return row === undefined ? null : { id: row.id, hash: row.request_hash, results: row.results }
}

const INSERT = statement(
  'order_batch_insert',
  `
  INSERT INTO order_batch (id, reseller_id, idempotency_key, request_hash, results) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (reseller_id, idempotency_key) DO NOTHING`
)

export interface NewOrderBatch {
  readonly id: string
  readonly resellerId: string
  readonly key: string
  readonly hash: Buffer
  readonly results: readonly StoredResult[]
}

/** Returns the id of the batch that stands under this key: a twin may have stored the same outcome first. */
export async function insertOrderBatch(db: Db, batch: NewOrderBatch): Promise<string> {
  const values = [batch.id, batch.resellerId, batch.key, batch.hash, JSON.stringify(batch.results)]
  if ((await db.execute(INSERT, values)) === 1) return batch.id
  return (await findOrderBatch(db, batch.resellerId, batch.key))?.id ?? batch.id
}

// Ids are time-ordered: all before the first id of a moment were made before it. Without another index.
const FORGET = statement(
  'order_batch_forget',
  `
  DELETE FROM order_batch WHERE id = ANY (ARRAY(
    SELECT id FROM order_batch
    WHERE id < (lpad(to_hex((extract(epoch FROM now() - make_interval(days => $1)) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
    ORDER BY id LIMIT 2000))`
)

/** Drops the answers of batches that are older; their orders keep keys of their own. Returns how many; the run after takes the rest. */
export const forgetOrderBatches = (db: Queryable, olderThanDays: number): Promise<number> => db.execute(FORGET, [olderThanDays])
