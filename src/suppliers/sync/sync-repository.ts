/** SQL of reading suppliers' products: whose turn it is, how far it got, what is to be asked by itself. */
import { type Queryable, statement, type Tx } from '../../kit/db/index.ts'
import type { Money } from '../../kit/money.ts'
import { PUSH_ADAPTER, SYNC_SECONDS_DEFAULT } from '../supplier.ts'
import type { SyncState } from './sync-state.ts'

const OPEN = statement('sync_open', 'INSERT INTO supplier_sync (supplier_id) VALUES ($1) ON CONFLICT DO NOTHING')

export const openSync = (tx: Tx, supplierId: string): Promise<number> => tx.execute(OPEN, [supplierId])

const SOON = statement(
  'sync_soon',
  `
  WITH locked AS (SELECT supplier_id FROM supplier_sync WHERE supplier_id = ANY($1::uuid[]) ORDER BY supplier_id FOR NO KEY UPDATE)
  UPDATE supplier_sync y SET due_at = CASE WHEN y.lease_id IS NULL THEN least(y.due_at, now()) ELSE y.due_at END, again = y.lease_id IS NOT NULL
  FROM locked WHERE y.supplier_id = locked.supplier_id`
)

/** They are read again now, or as soon as the reading under way has ended. */
export async function syncSoon(db: Queryable, supplierIds: readonly string[]): Promise<void> {
  if (supplierIds.length > 0) await db.execute(SOON, [supplierIds])
}

/** A turn at reading one supplier. */
export interface SyncTurn {
  readonly supplierId: string
  readonly leaseId: string
  /** Where the pass under way goes on; null: at its beginning. */
  readonly cursor: string | null
  readonly pages: number
  readonly startedAt: Date
  /** Only what changed later is asked for; null: everything. */
  readonly since: Date | null
  readonly failures: number
  /** Before the next pass. */
  readonly everySeconds: number
  readonly hasSources: boolean
}

interface TurnRow {
  supplier_id: string
  lease_id: string
  cursor: string | null
  pages: number
  started_at: Date
  since: Date | null
  failures: number
  every_seconds: number
  has_sources: boolean
}

// A lease that ran out belongs to a process that died: its pass goes on from where it stood.
const CLAIM = statement(
  'sync_claim',
  `
  WITH due AS (
    SELECT y.supplier_id, coalesce(s.sync_seconds, ${SYNC_SECONDS_DEFAULT}) AS every_seconds,
      EXISTS (SELECT FROM sku_source x WHERE x.supplier_id = s.id AND x.enabled) AS has_sources,
      (SELECT count(*) FROM sku_source x WHERE x.supplier_id = s.id AND x.enabled AND x.seen_at IS NULL) > $3 AS is_new
    FROM supplier_sync y JOIN supplier s ON s.id = y.supplier_id
    WHERE y.due_at <= now() AND s.state = 'active' AND s.adapter <> '${PUSH_ADAPTER}' AND s.sync_seconds IS DISTINCT FROM 0
    ORDER BY y.due_at LIMIT $1 FOR NO KEY UPDATE OF y SKIP LOCKED
  )
  UPDATE supplier_sync y SET due_at = now() + $2 * interval '1 millisecond', lease_id = gen_random_uuid(), again = false,
    started_at = coalesce(y.started_at, clock_timestamp()), since = CASE WHEN y.cursor IS NULL AND due.is_new THEN NULL ELSE y.since END
  FROM due WHERE y.supplier_id = due.supplier_id
  RETURNING y.supplier_id, y.lease_id, y.cursor, y.pages, y.started_at, y.since, y.failures, due.every_seconds, due.has_sources`
)

/** With more than `newMax` sources that were never heard of, everything is asked for, not only what changed. */
export async function claimSyncs(
  db: Queryable,
  { limit, leaseMs, newMax }: Readonly<Record<'limit' | 'leaseMs' | 'newMax', number>>
): Promise<SyncTurn[]> {
  const rows = await db.query<TurnRow>(CLAIM, [limit, leaseMs, newMax])
  return rows.map(row => ({
    supplierId: row.supplier_id,
    leaseId: row.lease_id,
    cursor: row.cursor,
    pages: row.pages,
    startedAt: row.started_at,
    since: row.since,
    failures: row.failures,
    everySeconds: row.every_seconds,
    hasSources: row.has_sources
  }))
}

const ADVANCE = statement(
  'sync_advance',
  `
  UPDATE supplier_sync SET cursor = $3, pages = pages + 1, failures = 0, due_at = now() + $4 * interval '1 millisecond'
  WHERE supplier_id = $1 AND lease_id = $2`
)

/** A page has been applied. False: the lease was lost, and somebody else goes on. */
export const advanceSync = async (db: Queryable, { supplierId, leaseId }: SyncTurn, cursor: string | null, leaseMs: number): Promise<boolean> =>
  (await db.execute(ADVANCE, [supplierId, leaseId, cursor, leaseMs])) === 1

const RELEASE = statement(
  'sync_release',
  `
  UPDATE supplier_sync SET lease_id = NULL, again = false, detail = left($4, 300),
    due_at = CASE WHEN again THEN now() ELSE now() + $3 * interval '1 millisecond' END,
    failures = CASE WHEN $4::text IS NULL THEN 0 ELSE failures + 1 END,
    cursor = CASE WHEN $5 THEN NULL ELSE cursor END, pages = CASE WHEN $5 THEN 0 ELSE pages END,
    since = CASE WHEN $6 THEN started_at ELSE since END, finished_at = CASE WHEN $6 THEN now() ELSE finished_at END,
    started_at = CASE WHEN $5 THEN NULL ELSE started_at END
  WHERE supplier_id = $1 AND lease_id = $2`
)

export interface SyncEnd {
  readonly nextInMs: number
  /** Why it did not go well; null: it did. */
  readonly detail: string | null
  /** `done`: the pass came to its end; `anew`: the next turn begins another; `later`: it goes on from where it stands. */
  readonly pass: 'done' | 'anew' | 'later'
}

export async function releaseSync(db: Queryable, { supplierId, leaseId }: SyncTurn, { nextInMs, detail, pass }: SyncEnd): Promise<void> {
  await db.execute(RELEASE, [supplierId, leaseId, Math.round(nextInMs), detail, pass !== 'later', pass === 'done'])
}

const TAKE_UNSEEN = statement(
  'sync_take_unseen',
  `
  WITH unseen AS (
    SELECT sku_id, supplier_id, product_code FROM sku_source
    WHERE supplier_id = $1 AND enabled AND (seen_at IS NULL OR seen_at < $2) AND (asked_at IS NULL OR asked_at < $2)
    ORDER BY asked_at NULLS FIRST, product_code LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
  ), taken AS (
    UPDATE sku_source x SET asked_at = clock_timestamp() FROM unseen u
    WHERE x.sku_id = u.sku_id AND x.supplier_id = u.supplier_id AND x.product_code = u.product_code RETURNING x.product_code
  )
  SELECT DISTINCT product_code FROM taken`
)

/** Products of which this pass has not heard, to be asked for by themselves; those that have waited longest. */
export const takeUnseen = async (db: Queryable, { supplierId, startedAt }: SyncTurn, limit: number): Promise<string[]> =>
  (await db.query<{ product_code: string }>(TAKE_UNSEEN, [supplierId, startedAt, limit])).map(row => row.product_code)

export interface BalanceRow {
  readonly supplierId: string
  readonly name: string
  readonly lowBalance: Money | null
  readonly wasLow: boolean
}

const LOCK_BALANCE = statement(
  'sync_lock_balance',
  `
  SELECT s.name, s.low_balance, s.low_balance_currency, y.balance_low FROM supplier_sync y JOIN supplier s ON s.id = y.supplier_id
  WHERE y.supplier_id = $1 FOR NO KEY UPDATE OF y`
)

/** Null: there is no such supplier, or it is never called. */
export async function lockBalance(tx: Tx, supplierId: string): Promise<BalanceRow | null> {
  const [row] = await tx.query<{ name: string; low_balance: string | null; low_balance_currency: string | null; balance_low: boolean }>(
    LOCK_BALANCE,
    [supplierId]
  )
  if (row === undefined) return null
  const { low_balance: low, low_balance_currency: currency } = row
  return {
    supplierId,
    name: row.name,
    lowBalance: low === null || currency === null ? null : { amount: BigInt(low), currency },
    wasLow: row.balance_low
  }
}

const WRITE_BALANCE = statement(
  'sync_write_balance',
  'UPDATE supplier_sync SET balance = $2, balance_currency = $3, balance_at = clock_timestamp(), balance_low = $4 WHERE supplier_id = $1'
)

export async function writeBalance(tx: Tx, supplierId: string, { amount, currency }: Money, isLow: boolean): Promise<void> {
  await tx.execute(WRITE_BALANCE, [supplierId, amount.toString(), currency, isLow])
}

const STATES = statement(
  'sync_states',
  `
  SELECT supplier_id, finished_at, failures, detail, balance, balance_currency, balance_at, balance_low FROM supplier_sync
  WHERE supplier_id = ANY($1::uuid[])`
)

interface StateRow {
  supplier_id: string
  finished_at: Date | null
  failures: number
  detail: string | null
  balance: string | null
  balance_currency: string | null
  balance_at: Date | null
  balance_low: boolean
}

export async function readSyncStates(db: Queryable, supplierIds: readonly string[]): Promise<ReadonlyMap<string, SyncState>> {
  const rows = await db.query<StateRow>(STATES, [supplierIds])
  return new Map(rows.map(row => [row.supplier_id, fromStateRow(row)]))
}

function fromStateRow({
  finished_at: syncedAt,
  failures,
  detail,
  balance,
  balance_currency: currency,
  balance_at: at,
  balance_low: isLow
}: StateRow): SyncState {
  const known = balance !== null && currency !== null && at !== null ? { amount: BigInt(balance), currency, at, isLow } : null
  return { syncedAt, failures, detail, balance: known }
}
