/** SQL of callbacks: they stand beside the pushes. */
import { type Db, statement } from '../../kit/db/index.ts'
import { callbackId, storedEvent, type VerifiedCallback } from './callback.ts'

const STORE = statement(
  'inbound_callback_store',
  `
  INSERT INTO inbound_event (supplier_id, webhook_id, body_hash, type, data) VALUES ($1, $2, $3, 'callback', $4)
  ON CONFLICT (supplier_id, webhook_id) DO NOTHING`
)

/** A callback that comes again stands there already. */
export async function storeCallback(db: Db, { supplierId, hash, events }: VerifiedCallback): Promise<void> {
  await db.execute(STORE, [supplierId, callbackId(hash), hash, JSON.stringify({ events: events.map(storedEvent) })])
}

const FINISH = statement(
  'inbound_callback_finish',
  `
  UPDATE inbound_event SET state = 'done', result = $3, done_at = now() WHERE supplier_id = $1 AND webhook_id = $2 AND state = 'received'`
)

export async function finishCallback(db: Db, { supplierId, hash }: VerifiedCallback, result: { readonly asked: number }): Promise<void> {
  await db.execute(FINISH, [supplierId, callbackId(hash), JSON.stringify(result)])
}
