/**
 * Events are rows that commit with the effect they tell of. Readers page by (xid, seq) and see only rows below the oldest
 * transaction still running: without that bound a reader could pass a row that commits late and never see it.
 */

import { plainArray, type Queryable, statement, type Tx } from './db/index.ts'
import { failpoint } from './failpoint.ts'
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

/** Everybody, or the resellers of one tier. */
export type Audience = 'all' | `tier:${string}`

/** One row for many resellers: an event for each of them would be a storm. So it holds only what all of them may know. */
export interface Broadcast extends Omit<OutboxEvent, 'resellerId'> {
  readonly audience: Audience
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
    plainArray(events.map(newId)),
    plainArray(events.map(event => event.type)),
    plainArray(events.map(event => event.resellerId)),
    plainArray(events.map(event => event.subjectId)),
    events.map(event => JSON.stringify(event.data))
  ])
  failpoint('outbox.written')
}

const INSERT_BROADCASTS = statement(
  'outbox_insert_broadcasts',
  `
  INSERT INTO outbox (id, type, audience, subject_id, data)
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::jsonb[])`
)

export async function broadcast(tx: Tx, events: readonly Broadcast[]): Promise<void> {
  if (events.length === 0) return
  await tx.execute(INSERT_BROADCASTS, [
    events.map(newId),
    events.map(event => event.type),
    events.map(event => event.audience),
    events.map(event => event.subjectId),
    events.map(event => JSON.stringify(event.data))
  ])
}

interface EventRow {
  is_past: boolean
  end_xid: string
  /** Null: there is no event. */
  id: string | null
  type: string
  reseller_id: string | null
  subject_id: string
  data: Record<string, unknown>
  xid: string
  seq: string
  created_at: Date
}

// Two index scans, each bounded, and what is gone, seen at the same moment. One row at least, also without an event. ORDER BY names the
// tables' columns: a bare xid would be the text in the select list, in which 10 comes before 9.
const READ = statement(
  'outbox_read',
  `
  SELECT h.is_past, pg_snapshot_xmin(pg_current_snapshot())::text AS end_xid,
    e.id, e.type, e.reseller_id, e.subject_id, e.data, e.xid::text, e.seq::text, e.created_at
  FROM (SELECT (xid, seq) > ($2::xid8, $3::bigint) AS is_past FROM outbox_horizon WHERE one) h LEFT JOIN (
    (SELECT o.* FROM outbox o
      WHERE o.reseller_id = $1 AND (o.xid, o.seq) > ($2::xid8, $3::bigint) AND o.xid < pg_snapshot_xmin(pg_current_snapshot())
      ORDER BY o.xid, o.seq LIMIT $4)
    UNION ALL
    (SELECT o.* FROM reseller r JOIN outbox o ON o.audience IN ('all', 'tier:' || r.tier) AND o.created_at >= r.created_at
      WHERE r.id = $1 AND o.audience IS NOT NULL AND (o.xid, o.seq) > ($2::xid8, $3::bigint) AND o.xid < pg_snapshot_xmin(pg_current_snapshot())
      ORDER BY o.xid, o.seq LIMIT $4)
  ) e ON true ORDER BY e.xid, e.seq LIMIT $4`
)

/** In the order of commits: transaction, and number within it. */
export interface EventPosition {
  readonly xid: string
  readonly seq: string
}

export interface EventPage {
  readonly events: readonly StoredEvent[]
  /** Behind the last of them; without any, behind everything that could be read. */
  readonly next: EventPosition
  /** Events behind the position that was asked for are gone: what follows it is not all that followed it. */
  readonly isPast: boolean
}

const BEFORE_ALL: EventPosition = { xid: '0', seq: '0' }

/** The reseller's events and those for many after a position, oldest first; `after` null: from the first one that is kept. */
export async function readEvents(db: Queryable, resellerId: string, after: EventPosition | null, limit: number): Promise<EventPage> {
  const { xid, seq } = after ?? BEFORE_ALL
  const rows = await db.query<EventRow>(READ, [resellerId, xid, seq, limit])
  const [first] = rows
  if (first === undefined) throw new Error('the table outbox_horizon is empty')
  const events = rows.flatMap(({ id, ...row }) => (id === null ? [] : [fromRow(id, row)]))
  return { events, next: events.at(-1) ?? later({ xid, seq }, first.end_xid), isPast: after !== null && first.is_past }
}

/** Never back: after a failover the end can lie before a position that was given out. */
const later = (position: EventPosition, endXid: string): EventPosition =>
  BigInt(endXid) > BigInt(position.xid) ? { xid: endXid, seq: '0' } : position

const fromRow = (id: string, row: Omit<EventRow, 'id'>): StoredEvent => ({
  id,
  type: row.type,
  resellerId: row.reseller_id,
  subjectId: row.subject_id,
  data: row.data,
  xid: row.xid,
  seq: row.seq,
  createdAt: row.created_at
})

const END = statement('outbox_end', 'SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xid')

/** The position behind everything that can be read now; whatever can be read later lies behind it. */
export async function readEventsEnd(db: Queryable): Promise<EventPosition> {
  const [row] = await db.query<{ xid: string }>(END)
  if (row === undefined) throw new Error('PostgreSQL gave no snapshot')
  return { xid: row.xid, seq: '0' }
}
