/** SQL of the watch: who verifies, how far the walks have come, and whether orders are taken. */
import { type Queryable, statement, type Tx } from '../kit/db/index.ts'
import type { RuleResult } from './check-invariants.ts'

const CLAIM = statement(
  'invariants_claim_watch',
  `
  UPDATE invariant_watch SET holder = $1, leased_until = now() + $2 * interval '1 millisecond'
  WHERE due_at <= now() AND (leased_until <= now() OR holder = $1) RETURNING now() AS now`
)

/** The time of the claim, or null: it is not due, or somebody else is at it. */
export async function claimWatch(db: Queryable, holder: string, leaseMs: number): Promise<Date | null> {
  const [row] = await db.query<{ now: Date }>(CLAIM, [holder, leaseMs])
  return row?.now ?? null
}

const FINISH = statement(
  'invariants_finish_watch',
  `
  UPDATE invariant_watch SET leased_until = '-infinity', due_at = $2::timestamptz + $4 * interval '1 millisecond',
    verified_at = CASE WHEN $3 THEN $2 ELSE verified_at END
  WHERE holder = $1`
)

export interface FinishedWatch {
  readonly holder: string
  readonly claimedAt: Date
  /** All that was committed before the claim is verified. */
  readonly isComplete: boolean
  readonly everyMs: number
}

export const finishWatch = (db: Queryable, { holder, claimedAt, isComplete, everyMs }: FinishedWatch): Promise<number> =>
  db.execute(FINISH, [holder, claimedAt, isComplete, everyMs])

const SCANS = statement('invariants_scans', 'SELECT name, position, due_at <= now() AS is_due, passed_at FROM invariant_scan')

export interface ScanState {
  readonly position: string | null
  readonly isDue: boolean
  readonly passedAt: Date | null
}

/** By name; a walk that never began has none. */
export async function readScans(db: Queryable): Promise<Map<string, ScanState>> {
  const rows = await db.query<{ name: string; position: string | null; is_due: boolean; passed_at: Date | null }>(SCANS)
  return new Map(rows.map(row => [row.name, { position: row.position, isDue: row.is_due, passedAt: row.passed_at }]))
}

const SAVE_SCAN = statement(
  'invariants_save_scan',
  `
  INSERT INTO invariant_scan AS s (name, position, due_at, passed_at)
  VALUES ($1, $2, CASE WHEN $2::text IS NULL THEN now() + $3 * interval '1 millisecond' ELSE '-infinity' END, CASE WHEN $2::text IS NULL THEN now() END)
  ON CONFLICT (name) DO UPDATE SET position = EXCLUDED.position, due_at = EXCLUDED.due_at, passed_at = coalesce(EXCLUDED.passed_at, s.passed_at)`
)

/** `position` null: the pass is done, and the next begins after this long. */
export const saveScan = (db: Queryable, name: string, position: string | null, nextInMs: number): Promise<number> =>
  db.execute(SAVE_SCAN, [name, position, nextInMs])

const INTAKE = statement(
  'intake_read',
  `SELECT i.stopped_at, i.reasons, w.verified_at, extract(epoch FROM now() - w.verified_at)::float8 AS age_s FROM intake i CROSS JOIN invariant_watch w`
)

export interface IntakeRow {
  /** Null: orders are taken. */
  readonly stoppedAt: Date | null
  readonly reasons: readonly RuleResult[]
  /** All money that moved before it has been verified; null: never so far. */
  readonly verifiedAt: Date | null
  readonly verifiedAgeS: number | null
}

export async function readIntake(db: Queryable): Promise<IntakeRow> {
  const [row] = await db.query<{ stopped_at: Date | null; reasons: RuleResult[]; verified_at: Date | null; age_s: number | null }>(INTAKE)
  if (row === undefined) throw new Error('the row of the intake is missing')
  return { stoppedAt: row.stopped_at, reasons: row.reasons, verifiedAt: row.verified_at, verifiedAgeS: row.age_s }
}

const LOCK_INTAKE = statement('intake_lock', 'SELECT stopped_at, reasons FROM intake FOR UPDATE')

export async function lockIntake(tx: Tx): Promise<Pick<IntakeRow, 'stoppedAt' | 'reasons'>> {
  const [row] = await tx.query<{ stopped_at: Date | null; reasons: RuleResult[] }>(LOCK_INTAKE)
  if (row === undefined) throw new Error('the row of the intake is missing')
  return { stoppedAt: row.stopped_at, reasons: row.reasons }
}

const WRITE_INTAKE = statement(
  'intake_write',
  `UPDATE intake SET reasons = $1::jsonb, stopped_at = CASE WHEN $1::jsonb = '[]' THEN NULL ELSE coalesce(stopped_at, now()) END`
)

/** No reasons: orders are taken. */
export const writeIntake = (tx: Tx, reasons: readonly RuleResult[]): Promise<number> => tx.execute(WRITE_INTAKE, [JSON.stringify(reasons)])

const LOG = statement('intake_log', 'INSERT INTO intake_change (kind, actor, note, reasons) VALUES ($1, $2, $3, $4::jsonb)')

export interface IntakeChange {
  readonly kind: 'stopped' | 'resumed'
  readonly actor: string
  readonly note: string | null
  /** Of a stop: why. Of a resumption: what it had been stopped for. */
  readonly reasons: readonly RuleResult[]
}

export const logIntake = (tx: Tx, { kind, actor, note, reasons }: IntakeChange): Promise<number> =>
  tx.execute(LOG, [kind, actor, note, JSON.stringify(reasons)])

const CHANGES = statement('intake_changes', 'SELECT kind, actor, note, reasons, created_at FROM intake_change ORDER BY id DESC LIMIT $1')

export interface LoggedChange extends IntakeChange {
  readonly createdAt: Date
}

/** Newest first. */
export async function listIntakeChanges(db: Queryable, limit: number): Promise<LoggedChange[]> {
  const rows = await db.query<IntakeChange & { created_at: Date }>(CHANGES, [limit])
  return rows.map(({ created_at, ...row }) => ({ ...row, createdAt: created_at }))
}
