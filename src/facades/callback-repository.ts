/** SQL of what shops want to be told: claimed for a while, sent without a transaction, then noted. */
import { type Queryable, statement, type Tx } from '../kit/db/index.ts'

export interface DueCallback {
  readonly orderId: string
  readonly credentialId: string
  readonly url: string
  /** This one included. */
  readonly attempts: number
}

const ADD = statement(
  'facade_callback_add',
  'INSERT INTO facade_callback (order_id, credential_id, url) VALUES ($1, $2, $3) ON CONFLICT (order_id) DO NOTHING'
)

/** The first address stands. */
export const addCallback = async (db: Queryable, { orderId, credentialId, url }: Omit<DueCallback, 'attempts'>): Promise<void> =>
  void (await db.execute(ADD, [orderId, credentialId, url]))

const CLAIM = statement(
  'facade_callback_claim',
  `
  WITH due AS MATERIALIZED (
    SELECT c.order_id FROM facade_callback c JOIN orders o ON o.id = c.order_id
    WHERE c.state = 'pending' AND c.next_attempt_at <= now() AND NOT c.credential_id = ANY($2::uuid[])
      AND o.state IN ('fulfilled', 'partially_fulfilled', 'cancelled', 'failed', 'refunded', 'rejected')
    ORDER BY c.next_attempt_at LIMIT $1 FOR NO KEY UPDATE OF c SKIP LOCKED
  )
  UPDATE facade_callback c SET attempts = c.attempts + 1, next_attempt_at = now() + make_interval(secs => $3)
  FROM due WHERE c.order_id = due.order_id RETURNING c.order_id, c.credential_id, c.url, c.attempts`
)

/** Callbacks of orders that have ended, which are this process's until the lease ends. */
export async function claimCallbacks(tx: Tx, limit: number, exceptCredentials: readonly string[], leaseSeconds: number): Promise<DueCallback[]> {
  const rows = await tx.query<{ order_id: string; credential_id: string; url: string; attempts: number }>(CLAIM, [
    limit,
    exceptCredentials,
    leaseSeconds
  ])
  return rows.map(row => ({ orderId: row.order_id, credentialId: row.credential_id, url: row.url, attempts: row.attempts }))
}

const NOTE = statement(
  'facade_callback_note',
  `
  UPDATE facade_callback SET state = $3, last_error = $4,
    next_attempt_at = now() + coalesce($5::float8, 0) * interval '1 millisecond'
  WHERE order_id = $1 AND attempts = $2 AND state = 'pending'`
)

/** `retryInMs` null: there is no further attempt. Of an attempt whose lease ended, somebody else's outcome counts. */
export async function noteCallback(db: Queryable, { orderId, attempts }: DueCallback, error: string | null, retryInMs: number | null): Promise<void> {
  const state = error === null ? 'delivered' : retryInMs === null ? 'failed' : 'pending'
  await db.execute(NOTE, [orderId, attempts, state, error, retryInMs])
}

const FORGET = statement(
  'facade_callback_forget',
  `
  DELETE FROM facade_callback WHERE order_id = ANY (ARRAY(
    SELECT order_id FROM facade_callback WHERE state <> 'pending' AND created_at < now() - make_interval(days => $1) ORDER BY created_at LIMIT 5000))`
)

/** Drops calls that ended, and were asked for longer ago. Returns how many; the run after takes the rest. */
export const forgetCallbacks = (db: Queryable, olderThanDays: number): Promise<number> => db.execute(FORGET, [olderThanDays])
