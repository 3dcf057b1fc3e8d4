/** SQL that hands events to endpoints: one delivery row for each, and a cursor that moves in the same transaction. */
import { statement, type Tx } from '../../kit/db/index.ts'
import type { EventPosition } from './delivery.ts'

const TRY_LOCK = statement(
  'webhook_cursor_try_lock',
  `SELECT xid::text, seq::text FROM webhook_cursor WHERE name = 'outbox' FOR NO KEY UPDATE SKIP LOCKED`
)
const LOCK = statement('webhook_cursor_lock', `SELECT xid::text, seq::text FROM webhook_cursor WHERE name = 'outbox' FOR NO KEY UPDATE`)

/** Null: another process relays right now. */
export async function tryLockCursor(tx: Tx): Promise<EventPosition | null> {
  const [row] = await tx.query<{ xid: string; seq: string }>(TRY_LOCK)
  return row ?? null
}

/** Keeps the relayer out until the transaction ends. */
export async function lockCursor(tx: Tx): Promise<EventPosition> {
  const [row] = await tx.query<{ xid: string; seq: string }>(LOCK)
  if (row === undefined) throw new Error('the table webhook_cursor is empty')
  return row
}

/** `e` is an endpoint, `o` an event: is it one that the endpoint asked for? */
const WANTED = `(e.events = '{}' OR o.type = ANY(e.events) OR split_part(o.type, '.', 1) || '.*' = ANY(e.events))`

// An event that follows one of its subject which waits for its next attempt need not be looked at before that.
const FIRST_ATTEMPT = `greatest(now(), (
    SELECT max(d.next_attempt_at) FROM webhook_delivery d
    WHERE d.endpoint_id = e.id AND d.subject_id = o.subject_id AND d.state = 'pending' AND d.lease_id IS NULL))`

const RELAY = statement(
  'webhook_relay',
  `
  WITH batch AS MATERIALIZED (
    SELECT o.xid, o.seq, o.type, o.reseller_id, o.subject_id, o.created_at FROM outbox o
    WHERE (o.xid, o.seq) > ($1::xid8, $2::bigint) AND o.xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY o.xid, o.seq LIMIT $3
  ), added AS (
    INSERT INTO webhook_delivery (endpoint_id, event_xid, event_seq, subject_id, next_attempt_at)
    SELECT e.id, o.xid, o.seq, o.subject_id, ${FIRST_ATTEMPT}
    FROM batch o JOIN webhook_endpoint e ON e.reseller_id = o.reseller_id AND e.state = 'active' AND e.created_at <= o.created_at
    WHERE ${WANTED}
    ON CONFLICT DO NOTHING
  )
  UPDATE webhook_cursor c SET xid = last.xid, seq = last.seq
  FROM (SELECT xid, seq FROM batch ORDER BY xid DESC, seq DESC LIMIT 1) last WHERE c.name = 'outbox'
  RETURNING (SELECT count(*)::int FROM batch) AS count`
)

/** Relays the next events after a position and moves the cursor behind them. Returns how many. */
export async function relayBatch(tx: Tx, after: EventPosition, limit: number): Promise<number> {
  const [row] = await tx.query<{ count: number }>(RELAY, [after.xid, after.seq, limit])
  return row?.count ?? 0
}

const CATCH_UP = statement(
  'webhook_catch_up',
  `
  INSERT INTO webhook_delivery (endpoint_id, event_xid, event_seq, subject_id)
  SELECT e.id, o.xid, o.seq, o.subject_id
  FROM webhook_endpoint e JOIN outbox o ON o.reseller_id = e.reseller_id AND (o.xid, o.seq) > (e.paused_xid, e.paused_seq)
    AND (o.xid, o.seq) <= ($2::xid8, $3::bigint) AND e.created_at <= o.created_at
  WHERE e.id = $1 AND ${WANTED}
  ORDER BY o.xid DESC, o.seq DESC LIMIT $4
  ON CONFLICT DO NOTHING`
)

/** What an endpoint missed while it was paused, up to the cursor: the newest ones, if they are too many. */
export const catchUp = async (tx: Tx, endpointId: string, { xid, seq }: EventPosition, limit: number): Promise<number> =>
  await tx.execute(CATCH_UP, [endpointId, xid, seq, limit])
