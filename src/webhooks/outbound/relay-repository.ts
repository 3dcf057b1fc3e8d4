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

/** `r` is the endpoint's reseller: is it an event for many, and for this one too? */
const FOR_MANY = `o.audience IS NOT NULL AND r.state = 'active' AND o.audience IN ('all', 'tier:' || r.tier)`

// An event that follows one of its subject which waits for its next attempt need not be looked at before that.
const FIRST_ATTEMPT = `greatest(now(), (
    SELECT max(d.next_attempt_at) FROM webhook_delivery d
    WHERE d.endpoint_id = e.id AND d.subject_id = e.subject_id AND d.state = 'pending' AND d.lease_id IS NULL))`

// An event for many is many deliveries, so a batch is measured by them; one at least goes through, however many want it.
const RELAY = statement(
  'webhook_relay',
  `
  WITH found AS MATERIALIZED (
    SELECT o.xid, o.seq, o.type, o.reseller_id, o.audience, o.subject_id, o.created_at,
      sum(CASE WHEN o.audience IS NULL THEN 1 ELSE (SELECT count(*) FROM webhook_endpoint WHERE state = 'active') END)
        OVER (ORDER BY o.xid, o.seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS deliveries_before
    FROM (
      SELECT * FROM outbox WHERE (xid, seq) > ($1::xid8, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
      ORDER BY outbox.xid, outbox.seq LIMIT $3) o
  ), batch AS MATERIALIZED (
    SELECT * FROM found WHERE coalesce(deliveries_before, 0) < $4
  ), wanted AS (
    SELECT e.id, o.xid, o.seq, o.subject_id
    FROM batch o JOIN webhook_endpoint e ON e.reseller_id = o.reseller_id AND e.state = 'active' AND e.created_at <= o.created_at
    WHERE ${WANTED}
    UNION ALL
    SELECT e.id, o.xid, o.seq, o.subject_id
    FROM batch o JOIN webhook_endpoint e ON e.state = 'active' AND e.created_at <= o.created_at JOIN reseller r ON r.id = e.reseller_id
    WHERE ${FOR_MANY} AND ${WANTED}
  ), added AS (
    INSERT INTO webhook_delivery (endpoint_id, event_xid, event_seq, subject_id, next_attempt_at)
    SELECT e.id, e.xid, e.seq, e.subject_id, ${FIRST_ATTEMPT} FROM wanted e
    ON CONFLICT DO NOTHING
  )
  UPDATE webhook_cursor c SET xid = last.xid, seq = last.seq
  FROM (SELECT xid, seq FROM batch ORDER BY xid DESC, seq DESC LIMIT 1) last WHERE c.name = 'outbox'
  RETURNING (SELECT count(*)::int FROM batch) AS count, (SELECT count(*)::int FROM found) AS found`
)

export interface RelayLimits {
  readonly events: number
  readonly deliveries: number
}

/** Relays the next events after a position and moves the cursor behind them. `more`: there may be others, at once. */
export async function relayBatch(tx: Tx, after: EventPosition, { events, deliveries }: RelayLimits): Promise<{ count: number; more: boolean }> {
  const [row] = await tx.query<{ count: number; found: number }>(RELAY, [after.xid, after.seq, events, deliveries])
  return row === undefined ? { count: 0, more: false } : { count: row.count, more: row.count < row.found || row.found === events }
}

const BETWEEN = `(o.xid, o.seq) > (e.paused_xid, e.paused_seq) AND (o.xid, o.seq) <= ($2::xid8, $3::bigint) AND e.created_at <= o.created_at`

const CATCH_UP = statement(
  'webhook_catch_up',
  `
  INSERT INTO webhook_delivery (endpoint_id, event_xid, event_seq, subject_id)
  SELECT m.id, m.xid, m.seq, m.subject_id FROM (
    SELECT e.id, o.xid, o.seq, o.subject_id FROM webhook_endpoint e JOIN outbox o ON o.reseller_id = e.reseller_id AND ${BETWEEN}
    WHERE e.id = $1 AND ${WANTED}
    UNION ALL
    SELECT e.id, o.xid, o.seq, o.subject_id
    FROM webhook_endpoint e JOIN reseller r ON r.id = e.reseller_id JOIN outbox o ON ${FOR_MANY} AND ${BETWEEN}
    WHERE e.id = $1 AND ${WANTED}
  ) m
  ORDER BY m.xid DESC, m.seq DESC LIMIT $4
  ON CONFLICT DO NOTHING`
)

/** What an endpoint missed while it was paused, up to the cursor: the newest ones, if they are too many. */
export const catchUp = async (tx: Tx, endpointId: string, { xid, seq }: EventPosition, limit: number): Promise<number> =>
  await tx.execute(CATCH_UP, [endpointId, xid, seq, limit])
