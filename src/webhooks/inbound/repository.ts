/** SQL of what suppliers pushed. */
import { type Db, type Queryable, statement } from '../../kit/db/index.ts'
import type { Push, PushResult } from './push.ts'

const STORE = statement(
  'inbound_event_store',
  'INSERT INTO inbound_event (supplier_id, webhook_id, body_hash, type) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING'
)
const READ = statement('inbound_event_read', 'SELECT body_hash, result FROM inbound_event WHERE supplier_id = $1 AND webhook_id = $2')
const SET_ASIDE = statement(
  'inbound_conflict_store',
  'INSERT INTO inbound_conflict (supplier_id, webhook_id, body_hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING'
)

export interface StoredPush {
  /** The id brought another body before. */
  readonly conflict: boolean
  /** Null: it had no effect so far. */
  readonly result: PushResult | null
}

/** Stores a push, or finds the one that had its id before. */
export async function storePush(db: Db, { supplierId, webhookId, bodyHash, type }: Push): Promise<StoredPush> {
  if ((await db.execute(STORE, [supplierId, webhookId, bodyHash, type])) === 1) return { conflict: false, result: null }
  const [row] = await db.query<{ body_hash: Buffer; result: PushResult | null }>(READ, [supplierId, webhookId])
  if (row === undefined) throw new Error('a push that conflicts with none')
  if (row.body_hash.equals(bodyHash)) return { conflict: false, result: row.result }
  await db.execute(SET_ASIDE, [supplierId, webhookId, bodyHash])
  return { conflict: true, result: null }
}

const FINISH = statement(
  'inbound_event_finish',
  `
  UPDATE inbound_event SET state = $3, result = $4, data = $5, done_at = CASE WHEN $3 = 'done' THEN now() END
  WHERE supplier_id = $1 AND webhook_id = $2 AND state = 'received'`
)

/**
 * Notes the effect; what a twin noted first stands, and is `replayed` here. `pending` keeps `data`, which holds no secret, for whoever acts
 * on it.
 */
export async function finishPush(
  db: Db,
  { supplierId, webhookId }: Push,
  { state, result, data }: { state: 'pending' | 'done'; result: PushResult; data: object | null }
): Promise<{ result: PushResult; replayed: boolean }> {
  const values = [supplierId, webhookId, state, JSON.stringify(result), data === null ? null : JSON.stringify(data)]
  if ((await db.execute(FINISH, values)) === 1) return { result, replayed: false }
  const [row] = await db.query<{ result: PushResult | null }>(READ, [supplierId, webhookId])
  return { result: row?.result ?? result, replayed: true }
}

const STATE = statement('inbound_supplier_state', 'SELECT state FROM supplier WHERE id = $1')

export async function isSupplierActive(db: Queryable, supplierId: string): Promise<boolean> {
  const [row] = await db.query<{ state: string }>(STATE, [supplierId])
  return row?.state === 'active'
}
