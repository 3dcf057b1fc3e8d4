/** SQL of alerts. What happened to a wallet is read from its entries, which have no gaps: the movements themselves know nothing of alerts. */
import { type Queryable, statement, type Tx } from '../kit/db/index.ts'
import type { AlertCheck, WalletAlert, WalletHistory } from './alert.ts'

interface AlertRow {
  reseller_id: string
  currency: string
  account_id: string
  threshold: string
  is_low: boolean
}

const fromAlertRow = (row: AlertRow): WalletAlert => ({
  resellerId: row.reseller_id,
  currency: row.currency,
  accountId: row.account_id,
  threshold: BigInt(row.threshold),
  isLow: row.is_low
})

const MOVED = statement(
  'wallet_alert_moved',
  `
  SELECT w.account_id FROM wallet_alert w JOIN ledger_account a ON a.id = w.account_id
  WHERE a.version <> w.checked_version OR a.credit_limit <> w.checked_limit LIMIT $1`
)

/** The accounts that moved since they were looked at. */
export const readMoved = async (db: Queryable, limit: number): Promise<string[]> =>
  (await db.query<{ account_id: string }>(MOVED, [limit])).map(row => row.account_id)

const TRY_LOCK = statement(
  'wallet_alert_try_lock',
  'SELECT account_id FROM wallet_alert WHERE account_id = ANY($1::uuid[]) ORDER BY account_id FOR NO KEY UPDATE SKIP LOCKED'
)
const LOCK = statement(
  'wallet_alert_lock',
  'SELECT account_id FROM wallet_alert WHERE account_id = ANY($1::uuid[]) ORDER BY account_id FOR NO KEY UPDATE'
)

/** `wait` false: those that somebody else looks at are left to them. */
export const lockAlerts = async (tx: Tx, accountIds: readonly string[], { wait }: { wait: boolean }): Promise<string[]> =>
  (await tx.query<{ account_id: string }>(wait ? LOCK : TRY_LOCK, [accountIds])).map(row => row.account_id)

// Accounts and entries of one snapshot.
const HISTORY = statement(
  'wallet_alert_history',
  `
  SELECT w.reseller_id, w.currency, w.account_id, w.threshold, w.is_low, a.version, a.balance + a.credit_limit AS available, a.credit_limit,
    coalesce(s.up_to, w.checked_version) AS up_to, s.ended_low, s.crossings
  FROM wallet_alert w JOIN ledger_account a ON a.id = w.account_id
  CROSS JOIN LATERAL (
    SELECT max(e.account_version) AS up_to, (array_agg(e.low ORDER BY e.account_version DESC))[1] AS ended_low,
      array_agg(e.available::text ORDER BY e.account_version) FILTER (WHERE e.low AND NOT e.was_low) AS crossings
    FROM (
      SELECT n.account_version, n.available, n.available < w.threshold AS low,
        coalesce(lag(n.available < w.threshold) OVER (ORDER BY n.account_version), w.is_low) AS was_low
      FROM (
        SELECT l.account_version, l.balance_after + a.credit_limit AS available FROM ledger_entry l
        WHERE l.account_id = w.account_id AND l.account_version > w.checked_version ORDER BY l.account_version LIMIT $2) n
    ) e
  ) s
  WHERE w.account_id = ANY($1::uuid[])`
)

interface HistoryRow extends AlertRow {
  version: string
  available: string
  credit_limit: string
  up_to: string
  ended_low: boolean | null
  crossings: string[] | null
}

/** Of locked alerts, at most `entries` entries each. */
export async function readHistories(tx: Tx, accountIds: readonly string[], entries: number): Promise<WalletHistory[]> {
  const rows = await tx.query<HistoryRow>(HISTORY, [accountIds, entries])
  return rows.map(row => ({
    ...fromAlertRow(row),
    version: BigInt(row.version),
    available: BigInt(row.available),
    creditLimit: BigInt(row.credit_limit),
    upTo: BigInt(row.up_to),
    endedLow: row.ended_low,
    crossings: (row.crossings ?? []).map(BigInt)
  }))
}

const NOTE = statement(
  'wallet_alert_note',
  `
  UPDATE wallet_alert w SET is_low = c.is_low, checked_version = c.version, checked_limit = coalesce(c.credit_limit, w.checked_limit)
  FROM unnest($1::uuid[], $2::boolean[], $3::bigint[], $4::bigint[]) AS c (account_id, is_low, version, credit_limit)
  WHERE w.account_id = c.account_id`
)

export async function noteChecks(tx: Tx, checks: readonly AlertCheck[]): Promise<void> {
  await tx.execute(NOTE, [
    checks.map(check => check.accountId),
    checks.map(check => check.isLow),
    checks.map(check => String(check.checkedVersion)),
    checks.map(check => (check.checkedLimit === null ? null : String(check.checkedLimit)))
  ])
}

const COLUMNS = 'reseller_id, currency, account_id, threshold, is_low'

// From here on: what happened before is not news.
const PUT = statement(
  'wallet_alert_put',
  `
  INSERT INTO wallet_alert (reseller_id, currency, account_id, threshold, is_low, checked_version, checked_limit)
  SELECT $1, a.currency, a.id, $3, a.balance + a.credit_limit < $3, a.version, a.credit_limit FROM ledger_account a WHERE a.id = $2
  ON CONFLICT (reseller_id, currency) DO UPDATE SET threshold = EXCLUDED.threshold, is_low = EXCLUDED.is_low,
    checked_version = EXCLUDED.checked_version, checked_limit = EXCLUDED.checked_limit
  RETURNING ${COLUMNS}`
)

export async function putAlert(tx: Tx, alert: Pick<WalletAlert, 'resellerId' | 'accountId' | 'threshold'>): Promise<WalletAlert> {
  const [row] = await tx.query<AlertRow>(PUT, [alert.resellerId, alert.accountId, alert.threshold])
  if (row === undefined) throw new Error('an alert for an account that is not there')
  return fromAlertRow(row)
}

const LIST = statement(
  'wallet_alert_list',
  `
  SELECT w.reseller_id, w.currency, w.account_id, w.threshold, a.balance + a.credit_limit < w.threshold AS is_low
  FROM wallet_alert w JOIN ledger_account a ON a.id = w.account_id WHERE w.reseller_id = $1 ORDER BY w.currency`
)

/** As the wallets stand now. */
export const listAlerts = async (db: Queryable, resellerId: string): Promise<WalletAlert[]> =>
  (await db.query<AlertRow>(LIST, [resellerId])).map(fromAlertRow)

const DELETE = statement('wallet_alert_delete', 'DELETE FROM wallet_alert WHERE reseller_id = $1 AND currency = $2')

export const deleteAlert = async (tx: Queryable, resellerId: string, currency: string): Promise<boolean> =>
  (await tx.execute(DELETE, [resellerId, currency])) === 1
