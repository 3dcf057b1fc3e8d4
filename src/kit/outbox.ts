/**
 * Events are rows that commit with the effect they tell of. Readers page by (xid, seq) and see only rows below the oldest
 * transaction still running: without that bound a reader could pass a row that commits late and never see it.
 */

import { type Queryable, statement, type Tx } from './db/index.ts'
import { newId } from './ids.ts'

/** Event payloads are public to the reseller: never a card secret, a cost, or another reseller's data. */
export interface OutboxEvent {
  readonly type: string
  /** Null: for operators only. */
  readonly resellerId: string | null
  readonly subjectId: string
  readonly data: Readonly<Record<string, unknown>>
}

export interface StoredEvent extends OutboxEvent {
  readonly id: string
  readonly xid: string
  readonly seq: string
  readonly createdAt: Date
}

const INSERT = statement(
  'outbox_insert',
  `
  INSERT INTO outbox (id, type, reseller_id, subject_id, data)
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::jsonb[])`
)

export async function publish(tx: Tx, events: readonly OutboxEvent[]): Promise<void> {
  if (events.length === 0) return
  await tx.execute(INSERT, [
    events.map(newId),
    events.map(event => event.type),
    events.map(event => event.resellerId),
    events.map(event => event.subjectId),
    events.map(event => JSON.stringify(event.data))
  ])
}

interface EventRow {
  id: string
  type: string
  reseller_id: string | null
  subject_id: string
  data: Record<string, unknown>
  xid: string
  seq: string
  created_at: Date
}

const READ = statement(
  'outbox_read',
  `
  SELECT id, type, reseller_id, subject_id, data, xid::text, seq::text, created_at FROM outbox
  WHERE reseller_id = $1 AND (xid, seq) > ($2::xid8, $3::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
  ORDER BY xid, seq LIMIT $4`
)

/** The reseller's events after a position, oldest first. The position before all events is `{ xid: '0', seq: '0' }`. */
export async function readEvents(db: Queryable, resellerId: string, after: { xid: string; seq: string }, limit: number): Promise<StoredEvent[]> {
  const rows = await db.query<EventRow>(READ, [resellerId, after.xid, after.seq, limit])
  return rows.map(row => ({
    id: row.id,
    type: row.type,
    resellerId: row.reseller_id,
    subjectId: row.subject_id,
    data: row.data,
    xid: row.xid,
    seq: row.seq,
    createdAt: row.created_at
  }))
}
