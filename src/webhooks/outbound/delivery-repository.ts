/** SQL of deliveries: claimed for a while, sent without a transaction, and then their outcome written. */
import { type Queryable, statement, type Tx } from '../../kit/db/index.ts'
import { type ClaimedRow, type DeliveryRow, fromClaimedRow, fromDeliveryRow } from './convert.ts'
import { type AttemptOutcome, type ClaimedDelivery, type Delivery, type DeliveryState, type EventPosition, LEASE_SECONDS } from './delivery.ts'

/** Any number will do that no other advisory lock uses. */
const CLAIM_LOCKS = 528_041

/** Endpoints with pending deliveries, one index probe each, however many deliveries wait. */
const PENDING_ENDPOINTS = `pending AS (
    (SELECT endpoint_id FROM webhook_delivery WHERE state = 'pending' ORDER BY endpoint_id LIMIT 1)
    UNION ALL
    SELECT (SELECT d.endpoint_id FROM webhook_delivery d WHERE d.state = 'pending' AND d.endpoint_id > p.endpoint_id ORDER BY d.endpoint_id LIMIT 1)
    FROM pending p WHERE p.endpoint_id IS NOT NULL
  )`

// What is being sent right now, of all processes.
const BUSY = `busy AS MATERIALIZED (
    SELECT e.reseller_id, d.endpoint_id, count(*) AS count FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id
    WHERE d.lease_id IS NOT NULL AND d.next_attempt_at > now() GROUP BY e.reseller_id, d.endpoint_id
  )`

// Those without room are left out: they would stand before all others for as long as they are slow.
const LOCK_DUE = statement(
  'webhook_delivery_lock_due',
  `
  WITH RECURSIVE ${PENDING_ENDPOINTS}, ${BUSY}
  SELECT e.id, e.reseller_id FROM pending p JOIN webhook_endpoint e ON e.id = p.endpoint_id
  CROSS JOIN LATERAL (
    SELECT d.next_attempt_at AS due FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.state = 'pending' ORDER BY d.next_attempt_at LIMIT 1
  ) first
  WHERE e.state = 'active' AND (e.failing_since IS NOT NULL) = $1 AND first.due <= now()
    AND coalesce((SELECT b.count FROM busy b WHERE b.endpoint_id = e.id), 0) < $3
    AND coalesce((SELECT sum(b.count) FROM busy b WHERE b.reseller_id = e.reseller_id), 0) < $4
  ORDER BY first.due LIMIT $2 FOR NO KEY UPDATE OF e SKIP LOCKED`
)

// Until the end of the transaction nobody else claims for these resellers; who comes second does so at its next turn.
const LOCK_RESELLERS = statement(
  'webhook_delivery_lock_resellers',
  `SELECT r.id FROM unnest($1::uuid[]) AS r (id) WHERE pg_try_advisory_xact_lock(${CLAIM_LOCKS}, hashtext(r.id::text))`
)

// An earlier pending event of the same subject, also one that is being sent or waits, holds the later ones back. A reseller's endpoints
// take turns, so that one with much to send leaves room for the others.
const CLAIM = statement(
  'webhook_delivery_claim',
  `
  WITH ${BUSY}, room AS (
    SELECT e.id, e.reseller_id, greatest(0, $2 - coalesce((SELECT b.count FROM busy b WHERE b.endpoint_id = e.id), 0)) AS free,
      greatest(0, $5 - coalesce((SELECT sum(b.count) FROM busy b WHERE b.reseller_id = e.reseller_id), 0)) AS reseller_free
    FROM unnest($1::uuid[]) AS t (id) JOIN webhook_endpoint e ON e.id = t.id
  ), due AS (
    SELECT d.id, d.next_attempt_at, room.reseller_id, room.reseller_free,
      row_number() OVER (PARTITION BY room.id ORDER BY d.next_attempt_at, d.event_xid, d.event_seq) AS turn
    FROM room CROSS JOIN LATERAL (
      SELECT d.id, d.next_attempt_at, d.event_xid, d.event_seq FROM webhook_delivery d
      WHERE d.endpoint_id = room.id AND d.state = 'pending' AND d.next_attempt_at <= now() AND NOT EXISTS (
        SELECT FROM webhook_delivery b WHERE b.endpoint_id = d.endpoint_id AND b.subject_id = d.subject_id AND b.state = 'pending'
          AND (b.event_xid, b.event_seq) < (d.event_xid, d.event_seq))
      ORDER BY d.next_attempt_at, d.event_xid, d.event_seq LIMIT room.free
    ) d
  ), chosen AS MATERIALIZED (
    SELECT id FROM (
      SELECT id, next_attempt_at, reseller_free, row_number() OVER (PARTITION BY reseller_id ORDER BY turn, next_attempt_at) AS place FROM due
    ) ranked
    WHERE place <= reseller_free ORDER BY next_attempt_at LIMIT $3
  )
  UPDATE webhook_delivery d SET attempts = d.attempts + 1, lease_id = gen_random_uuid(), next_attempt_at = now() + make_interval(secs => $4)
  FROM chosen, webhook_endpoint e, outbox o
  WHERE d.id = chosen.id AND e.id = d.endpoint_id AND o.xid = d.event_xid AND o.seq = d.event_seq
  RETURNING d.id, d.lease_id, d.endpoint_id, d.attempts, e.url, o.id AS event_id, o.type, o.data, o.created_at`
)

export interface ClaimRequest {
  /** Endpoints whose last attempt failed, or the others. */
  readonly failing: boolean
  readonly limit: number
  readonly perEndpoint: number
  readonly perReseller: number
}

/** Takes due deliveries, which are this process's until the lease ends. The locks make both limits hold across processes. */
export async function claimDeliveries(tx: Tx, { failing, limit, perEndpoint, perReseller }: ClaimRequest): Promise<ClaimedDelivery[]> {
  const due = await tx.query<{ id: string; reseller_id: string }>(LOCK_DUE, [failing, limit, perEndpoint, perReseller])
  if (due.length === 0) return []
  const resellerIds = [...new Set(due.map(row => row.reseller_id))]
  const locked = new Set((await tx.query<{ id: string }>(LOCK_RESELLERS, [resellerIds])).map(row => row.id))
  const endpointIds = due.filter(row => locked.has(row.reseller_id)).map(row => row.id)
  if (endpointIds.length === 0) return []
  const rows = await tx.query<ClaimedRow>(CLAIM, [endpointIds, perEndpoint, limit, LEASE_SECONDS, perReseller])
  return rows.map(fromClaimedRow)
}

const DELIVERED = statement(
  'webhook_delivery_delivered',
  `
  WITH done AS (
    UPDATE webhook_delivery SET state = 'delivered', lease_id = NULL, next_attempt_at = NULL, last_status = $3, last_error = NULL, finished_at = now()
    WHERE id = $1 AND lease_id = $2 RETURNING id, endpoint_id, subject_id
  ), followers AS (
    UPDATE webhook_delivery d SET next_attempt_at = now() FROM done
    WHERE d.endpoint_id = done.endpoint_id AND d.subject_id = done.subject_id AND d.state = 'pending' AND d.id <> done.id AND d.next_attempt_at > now()
  )
  SELECT count(*)::int AS count FROM done`
)

const FAILED = statement(
  'webhook_delivery_failed',
  `
  WITH done AS (
    UPDATE webhook_delivery SET lease_id = NULL, last_status = $3, last_error = $4,
      state = CASE WHEN $5::float8 IS NULL THEN 'failed' ELSE 'pending' END,
      next_attempt_at = now() + $5::float8 * interval '1 millisecond',
      finished_at = CASE WHEN $5::float8 IS NULL THEN now() END
    WHERE id = $1 AND lease_id = $2 RETURNING id, endpoint_id, subject_id, next_attempt_at
  ), followers AS (
    UPDATE webhook_delivery d SET next_attempt_at = coalesce(done.next_attempt_at, now()) FROM done
    WHERE d.endpoint_id = done.endpoint_id AND d.subject_id = done.subject_id AND d.state = 'pending' AND d.id <> done.id AND d.lease_id IS NULL
  )
  SELECT count(*)::int AS count FROM done`
)

/** `retryInMs` null: there is no further attempt. False: the lease ended before, and the outcome is somebody else's. */
export async function writeOutcome(
  tx: Tx,
  { id, leaseId }: ClaimedDelivery,
  { delivered, status, error }: AttemptOutcome,
  retryInMs: number | null
): Promise<boolean> {
  const values = delivered ? [id, leaseId, status] : [id, leaseId, status, error, retryInMs]
  const [row] = await tx.query<{ count: number }>(delivered ? DELIVERED : FAILED, values)
  return row?.count === 1
}

const COLUMNS = `d.id, o.id AS event_id, o.type, d.state, d.attempts, d.next_attempt_at, d.last_status, d.last_error, d.created_at, d.finished_at,
  d.event_xid::text, d.event_seq::text`
const FROM = 'webhook_delivery d JOIN outbox o ON o.xid = d.event_xid AND o.seq = d.event_seq'

const FIND = statement('webhook_delivery_find', `SELECT ${COLUMNS} FROM ${FROM} WHERE d.id = $1 AND d.endpoint_id = $2`)

export async function findDelivery(db: Queryable, id: string, endpointId: string): Promise<Delivery | null> {
  const [row] = await db.query<DeliveryRow>(FIND, [id, endpointId])
  return row === undefined ? null : fromDeliveryRow(row)
}

// ORDER BY names the table's columns: a bare event_xid would be the text in the select list, in which 10 comes before 9.
const LIST = statement(
  'webhook_delivery_list',
  `
  SELECT ${COLUMNS} FROM ${FROM}
  WHERE d.endpoint_id = $1 AND ($2::text IS NULL OR d.state = $2) AND ($3::text IS NULL OR (d.event_xid, d.event_seq) < ($3::text::xid8, $4::bigint))
  ORDER BY d.event_xid DESC, d.event_seq DESC LIMIT $5`
)

/** The newest event first. */
export async function listDeliveries(
  db: Queryable,
  endpointId: string,
  { state, before, limit }: { state: DeliveryState | null; before: EventPosition | null; limit: number }
): Promise<Delivery[]> {
  const rows = await db.query<DeliveryRow>(LIST, [endpointId, state, before?.xid ?? null, before?.seq ?? null, limit])
  return rows.map(fromDeliveryRow)
}

const REDELIVER = statement(
  'webhook_delivery_redeliver',
  `
  UPDATE webhook_delivery SET state = 'pending', attempts = 0, next_attempt_at = now(), lease_id = NULL, finished_at = NULL
  WHERE id = $1 AND endpoint_id = $2 AND (lease_id IS NULL OR next_attempt_at <= now())`
)

/** Makes it due now, with all attempts before it. One that is being sent right now is left alone. */
export const makeDue = async (tx: Tx, id: string, endpointId: string): Promise<void> => void (await tx.execute(REDELIVER, [id, endpointId]))

const ALL_DUE = statement(
  'webhook_delivery_all_due',
  `
  UPDATE webhook_delivery SET attempts = 0, next_attempt_at = now()
  WHERE endpoint_id = $1 AND state = 'pending' AND (lease_id IS NULL OR next_attempt_at <= now())`
)

export const makeAllDue = async (tx: Tx, endpointId: string): Promise<void> => void (await tx.execute(ALL_DUE, [endpointId]))

// For one endpoint only, and so not for the reseller's feed.
const INSERT_TEST = statement(
  'webhook_delivery_insert_test',
  `
  WITH event AS (
    INSERT INTO outbox (id, type, reseller_id, subject_id, data) VALUES ($1, $2, NULL, $3, $4) RETURNING xid, seq, subject_id
  )
  INSERT INTO webhook_delivery (endpoint_id, event_xid, event_seq, subject_id) SELECT $3, xid, seq, $1 FROM event RETURNING id`
)

/** An event that only this endpoint gets; the delivery's id. */
export async function insertTestEvent(tx: Tx, event: { id: string; type: string; endpointId: string; data: object }): Promise<string> {
  const [row] = await tx.query<{ id: string }>(INSERT_TEST, [event.id, event.type, event.endpointId, JSON.stringify(event.data)])
  if (row === undefined) throw new Error('an insert returned no row')
  return row.id
}

const CLEAR_FINISHED = statement(
  'webhook_delivery_clear_finished',
  `
  DELETE FROM webhook_delivery WHERE id IN (
    SELECT id FROM webhook_delivery WHERE finished_at < now() - make_interval(days => $1) ORDER BY finished_at LIMIT $2)`
)
const CLEAR_ORPHANS = statement(
  'webhook_delivery_clear_orphans',
  `
  WITH RECURSIVE ${PENDING_ENDPOINTS}
  DELETE FROM webhook_delivery WHERE id IN (
    SELECT d.id FROM pending p JOIN webhook_delivery d ON d.endpoint_id = p.endpoint_id AND d.state = 'pending'
    WHERE NOT EXISTS (SELECT FROM webhook_endpoint e WHERE e.id = p.endpoint_id) LIMIT $1)`
)

/** Deletes what finished long ago, and what waits for an endpoint that is no more. Returns how many. */
export async function clearDeliveries(db: Queryable, { days, limit }: { days: number; limit: number }): Promise<number> {
  const [finished, orphans] = await Promise.all([db.execute(CLEAR_FINISHED, [days, limit]), db.execute(CLEAR_ORPHANS, [limit])])
  return finished + orphans
}
