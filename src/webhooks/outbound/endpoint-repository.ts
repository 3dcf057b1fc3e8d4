/** SQL of endpoints. */
import { type Queryable, statement, type Tx } from '../../kit/db/index.ts'
import { type EndpointRow, fromEndpointRow } from './convert.ts'
import type { Endpoint, PauseReason } from './endpoint.ts'

const COLUMNS = 'id, reseller_id, url, description, events, state, pause_reason, paused_at, failing_since, created_at'

const only = ([row]: readonly EndpointRow[]): Endpoint | null => (row === undefined ? null : fromEndpointRow(row))

// Two endpoints of one reseller are created one after the other, so that the count holds.
const LOCK_RESELLER = statement('webhook_endpoint_lock_reseller', 'SELECT id FROM reseller WHERE id = $1 FOR NO KEY UPDATE')
const COUNT = statement('webhook_endpoint_count', 'SELECT count(*)::int AS count FROM webhook_endpoint WHERE reseller_id = $1')

export async function countEndpoints(tx: Tx, resellerId: string): Promise<number> {
  await tx.query(LOCK_RESELLER, [resellerId])
  const [row] = await tx.query<{ count: number }>(COUNT, [resellerId])
  return row?.count ?? 0
}

const INSERT = statement(
  'webhook_endpoint_insert',
  `INSERT INTO webhook_endpoint (id, reseller_id, url, description, events) VALUES ($1, $2, $3, $4, $5) RETURNING ${COLUMNS}`
)

export async function insertEndpoint(tx: Tx, draft: Pick<Endpoint, 'id' | 'resellerId' | 'url' | 'description' | 'events'>): Promise<Endpoint> {
  const endpoint = only(await tx.query(INSERT, [draft.id, draft.resellerId, draft.url, draft.description, draft.events]))
  if (endpoint === null) throw new Error('an insert returned no row')
  return endpoint
}

const FIND = statement('webhook_endpoint_find', `SELECT ${COLUMNS} FROM webhook_endpoint WHERE id = $1 AND reseller_id = $2`)

export const findEndpoint = async (db: Queryable, id: string, resellerId: string): Promise<Endpoint | null> =>
  only(await db.query(FIND, [id, resellerId]))

const LOCK = statement(
  'webhook_endpoint_lock',
  `SELECT ${COLUMNS} FROM webhook_endpoint WHERE id = $1 AND ($2::uuid IS NULL OR reseller_id = $2) FOR NO KEY UPDATE`
)

/** `resellerId` null: of whoever it is. The lock comes before those of its deliveries. */
export const lockEndpoint = async (tx: Tx, id: string, resellerId: string | null): Promise<Endpoint | null> =>
  only(await tx.query(LOCK, [id, resellerId]))

const LIST = statement(
  'webhook_endpoint_list',
  `SELECT ${COLUMNS} FROM webhook_endpoint WHERE reseller_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`
)

export const listEndpoints = async (db: Queryable, resellerId: string, page: { before: string | null; limit: number }): Promise<Endpoint[]> =>
  (await db.query<EndpointRow>(LIST, [resellerId, page.before, page.limit])).map(fromEndpointRow)

const UPDATE = statement(
  'webhook_endpoint_update',
  `UPDATE webhook_endpoint SET url = $2, description = $3, events = $4, updated_at = now() WHERE id = $1 RETURNING ${COLUMNS}`
)

export const updateEndpointRow = async (tx: Tx, { id, url, description, events }: Endpoint): Promise<Endpoint | null> =>
  only(await tx.query(UPDATE, [id, url, description, events]))

const DELETE = statement('webhook_endpoint_delete', 'DELETE FROM webhook_endpoint WHERE id = $1')

export const deleteEndpointRow = async (tx: Tx, id: string): Promise<void> => void (await tx.execute(DELETE, [id]))

const PAUSE = statement(
  'webhook_endpoint_pause',
  `
  UPDATE webhook_endpoint SET state = 'paused', pause_reason = $2, paused_at = now(), paused_xid = c.xid, paused_seq = c.seq, updated_at = now()
  FROM webhook_cursor c WHERE id = $1 AND state = 'active' AND c.name = 'outbox' RETURNING ${COLUMNS}`
)

/** Null: it was paused before. */
export const pauseEndpointRow = async (tx: Tx, id: string, reason: PauseReason): Promise<Endpoint | null> => only(await tx.query(PAUSE, [id, reason]))

const RESUME = statement(
  'webhook_endpoint_resume',
  `
  UPDATE webhook_endpoint SET state = 'active', pause_reason = NULL, paused_at = NULL, paused_xid = NULL, paused_seq = NULL, failing_since = NULL,
    updated_at = now()
  WHERE id = $1 AND state = 'paused' RETURNING ${COLUMNS}`
)

export const resumeEndpointRow = async (tx: Tx, id: string): Promise<Endpoint | null> => only(await tx.query(RESUME, [id]))

const NOTE_SUCCESS = statement('webhook_endpoint_success', 'UPDATE webhook_endpoint SET failing_since = NULL WHERE id = $1')
const NOTE_FAILURE = statement(
  'webhook_endpoint_failure',
  'UPDATE webhook_endpoint SET failing_since = coalesce(failing_since, now()) WHERE id = $1 RETURNING failing_since'
)

export const noteSuccess = async (tx: Tx, id: string): Promise<void> => void (await tx.execute(NOTE_SUCCESS, [id]))

/** Since when nothing was delivered. */
export async function noteFailure(tx: Tx, id: string): Promise<Date> {
  const [row] = await tx.query<{ failing_since: Date }>(NOTE_FAILURE, [id])
  return row?.failing_since ?? new Date()
}
