/** SQL that drops old events from the front of the feed. Planned anew each time: the tables may have been small when they were last planned for. */
import { statement, type Tx } from '../../kit/db/index.ts'
import type { EventPosition } from './delivery.ts'

const LOCK = statement(
  'outbox_lock_horizon',
  `
  SELECT h.xid::text, h.seq::text, c.xid::text AS relayed_xid, c.seq::text AS relayed_seq FROM outbox_horizon h, webhook_cursor c
  WHERE h.one AND c.name = 'outbox' AND (
    SELECT o.created_at FROM outbox o WHERE (o.xid, o.seq) > (h.xid, h.seq) ORDER BY o.xid, o.seq LIMIT 1) < now() - make_interval(days => $1)
  FOR NO KEY UPDATE OF h SKIP LOCKED`
)

export interface Horizon {
  /** Events up to here are gone. */
  readonly gone: EventPosition
  /** Events up to here were handed to the endpoints. */
  readonly relayed: EventPosition
}

/** Null: there is nothing so old, or another process drops events right now. */
export async function tryLockHorizon(tx: Tx, days: number): Promise<Horizon | null> {
  const [row] = await tx.query<{ xid: string; seq: string; relayed_xid: string; relayed_seq: string }>(LOCK, [days])
  return row === undefined ? null : { gone: { xid: row.xid, seq: row.seq }, relayed: { xid: row.relayed_xid, seq: row.relayed_seq } }
}

// A gap in the feed would be worse than an event too many: nothing goes before all that stands before it is old enough. Rows of the outbox
// never change, so their place is safe to delete by.
const dropOldest = (limit: number): string => `
  WITH oldest AS MATERIALIZED (
    SELECT o.ctid AS place, o.xid, o.seq, o.created_at FROM outbox o
    WHERE (o.xid, o.seq) > ($1::xid8, $2::bigint) AND (o.xid, o.seq) <= ($3::xid8, $4::bigint) ORDER BY o.xid, o.seq LIMIT ${limit}
  ), old AS MATERIALIZED (
    SELECT * FROM (
      SELECT *, bool_and(created_at < now() - make_interval(days => $5)) OVER (ORDER BY xid, seq) AS is_old FROM oldest) o
    WHERE is_old
  ), dropped AS (
    DELETE FROM outbox WHERE ctid = ANY (ARRAY(SELECT place FROM old))
  )
  UPDATE outbox_horizon h SET xid = last.xid, seq = last.seq, until = greatest(h.until, (SELECT max(created_at) FROM old))
  FROM (SELECT xid, seq FROM old ORDER BY xid DESC, seq DESC LIMIT 1) last WHERE h.one
  RETURNING h.xid::text, h.seq::text, (SELECT count(*)::int FROM old) AS count`

/** Drops events that are older, at most `limit`, and moves the horizon behind them. Null: there is none. */
export async function dropOldEvents(
  tx: Tx,
  { gone, relayed }: Horizon,
  { days, limit }: { days: number; limit: number }
): Promise<{ gone: EventPosition; count: number } | null> {
  const values = [gone.xid, gone.seq, relayed.xid, relayed.seq, days]
  const [row] = await tx.query<{ xid: string; seq: string; count: number }>(statement('', dropOldest(limit)), values)
  return row === undefined ? null : { gone: { xid: row.xid, seq: row.seq }, count: row.count }
}

const dropDeliveries = (limit: number): string => `
  DELETE FROM webhook_delivery WHERE id = ANY (ARRAY(
    SELECT d.id FROM webhook_endpoint e CROSS JOIN LATERAL (
      SELECT id FROM webhook_delivery WHERE endpoint_id = e.id AND (event_xid, event_seq) <= ($1::xid8, $2::bigint)
      ORDER BY event_xid, event_seq LIMIT ${limit}) d
    LIMIT ${limit}))`

/** A delivery cannot outlive its event: those of an endpoint that was paused for as long, or sent again late. Returns how many. */
export const dropDeliveriesUpTo = (tx: Tx, { xid, seq }: EventPosition, limit: number): Promise<number> =>
  tx.execute(statement('', dropDeliveries(limit)), [xid, seq])
