/** Verifying the ledger bit by bit: what each account has had since it was last verified, and a walk over all that is old. */
import { type Queryable, statement, type Tx } from '../kit/db/index.ts'

/** An account with the entries that follow what is verified of it, as far as this page goes. */
export interface AccountSlice {
  readonly id: string
  /** What is verified of it after this page, if nothing is wrong. */
  readonly version: string
  readonly balance: string
  /** A number is missing, or a balance is not the one before plus the amount. */
  readonly broken: boolean
  /** All its entries were looked at, and they do not lead to its balance and version. */
  readonly differs: boolean
  /** There are more entries than a page holds. */
  readonly more: boolean
}

export interface LedgerPage {
  readonly accounts: readonly AccountSlice[]
  /** Transfers of these entries that do not sum to zero, or are of another currency than their accounts. */
  readonly unbalanced: readonly string[]
  /** Held accounts that were below zero. */
  readonly uncovered: readonly string[]
  /** The orders whose money moved. */
  readonly orders: readonly string[]
}

/** Accounts of one page; most have a few new entries, the platform's have thousands. */
const ACCOUNTS_MAX = 2_000

// `due`: accounts with what is verified of them. A page takes accounts up to $1 entries, and of each one entry more than it should have:
// an entry beyond its version would be that one. Each transfer is looked at once, from its paying side: one that only pays in shows in
// the sum of all balances. OFFSET 0 keeps the planner on the index: of a page it thinks that it could be a tenth of the table.
const pageOf = (due: string, orders: string): string => `
  WITH due AS (${due} ORDER BY a.id LIMIT ${ACCOUNTS_MAX}
  ), wanted AS (SELECT *, greatest(version - from_version, 0) AS wanted FROM due
  ), moved AS MATERIALIZED (
    SELECT * FROM (SELECT *, least(wanted, $1::int) + 1 AS share, sum(wanted) OVER (ORDER BY id) - wanted AS earlier FROM wanted) w
    WHERE earlier < $1::int
  ), page AS MATERIALIZED (
    SELECT e.*, m.kind, e.account_version <> m.from_version + row_number() OVER w
      OR e.balance_after <> lag(e.balance_after, 1, m.from_balance) OVER w + e.amount AS broken
    FROM moved m CROSS JOIN LATERAL (
      SELECT account_id, transfer_id, amount, account_version, balance_after FROM ledger_entry
      WHERE account_id = m.id AND account_version > m.from_version ORDER BY account_version LIMIT m.share) e
    WINDOW w AS (PARTITION BY e.account_id ORDER BY e.account_version)
  ), each AS (
    SELECT account_id, count(*) AS entries, max(account_version) AS version, bool_or(broken) AS broken,
      (array_agg(balance_after ORDER BY account_version DESC))[1] AS balance
    FROM page GROUP BY account_id
  ), slice AS (
    SELECT m.id, m.version, m.balance, coalesce(c.version, m.from_version) AS at_version, coalesce(c.balance, m.from_balance) AS at_balance,
      coalesce(c.broken, false) AS broken, m.wanted > $1::int AND coalesce(c.entries, 0) = m.share AS more
    FROM moved m LEFT JOIN each c ON c.account_id = m.id
  ), transfer AS MATERIALIZED (SELECT DISTINCT transfer_id AS id FROM page WHERE amount < 0
  ), legs AS (
    SELECT p.id, count(*) AS legs, sum(e.amount) AS total, bool_or(a.currency IS DISTINCT FROM t.currency OR t.id IS NULL) AS alien
    FROM transfer p CROSS JOIN LATERAL (SELECT amount, account_id FROM ledger_entry WHERE transfer_id = p.id OFFSET 0) e
    LEFT JOIN LATERAL (SELECT id, currency FROM ledger_transfer WHERE id = p.id OFFSET 0) t ON true LEFT JOIN ledger_account a ON a.id = e.account_id GROUP BY p.id
  )
  SELECT
    (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'version', at_version::text, 'balance', at_balance::text, 'broken', broken, 'more', more,
      'differs', NOT more AND (version <> at_version OR balance <> at_balance)) ORDER BY id), '[]') FROM slice) AS accounts,
    (SELECT coalesce(jsonb_agg(id), '[]') FROM legs WHERE legs < 2 OR total <> 0 OR alien) AS unbalanced,
    (SELECT coalesce(jsonb_agg(DISTINCT account_id), '[]') FROM page WHERE kind = 'wallet_held' AND balance_after < 0) AS uncovered,
    ${orders} AS orders`

const NEW = statement(
  'invariants_new_entries',
  pageOf(
    `SELECT a.id, a.kind, a.version, a.balance, coalesce(v.version, 0) AS from_version, coalesce(v.balance, 0) AS from_balance
     FROM ledger_account a LEFT JOIN ledger_verified v ON v.account_id = a.id
     WHERE a.id > $2::uuid AND (a.version <> coalesce(v.version, 0) OR a.balance <> coalesce(v.balance, 0))`,
    `(SELECT coalesce(jsonb_agg(DISTINCT t.subject_id), '[]') FROM transfer p
       CROSS JOIN LATERAL (SELECT subject_id, kind FROM ledger_transfer WHERE id = p.id OFFSET 0) t WHERE t.kind LIKE 'order.%')`
  )
)

const OLD = statement(
  'invariants_old_entries',
  pageOf(
    `SELECT a.id, a.kind, a.version, a.balance, CASE WHEN a.id = $2::uuid THEN $3::bigint ELSE 0 END AS from_version,
       CASE WHEN a.id = $2::uuid THEN $4::bigint ELSE 0 END AS from_balance
     FROM ledger_account a WHERE a.id > $2::uuid OR a.id = $2::uuid AND $5::boolean`,
    `'[]'::jsonb`
  )
)

/** What accounts after this one have had since they were verified. */
export const readNewEntries = async (view: Queryable, afterAccount: string, limit: number): Promise<LedgerPage> =>
  onlyRow(await view.query<LedgerPage>(NEW, [limit, afterAccount]))

/** The walk over everything: from an account's slice on, or from the beginning. */
export const readOldEntries = async (view: Queryable, { id, version, balance, more }: AccountSlice, limit: number): Promise<LedgerPage> =>
  onlyRow(await view.query<LedgerPage>(OLD, [limit, id, version, balance, more]))

const onlyRow = ([page]: readonly LedgerPage[]): LedgerPage => {
  if (page === undefined) throw new Error('the ledger answered nothing')
  return page
}

// Never back: of two workers that verify at once the one that got further counts.
const SAVE = statement(
  'invariants_save_verified',
  `
  INSERT INTO ledger_verified AS v (account_id, version, balance) SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[])
  ON CONFLICT (account_id) DO UPDATE SET version = EXCLUDED.version, balance = EXCLUDED.balance WHERE v.version < EXCLUDED.version`
)

export async function saveVerified(tx: Tx, slices: readonly AccountSlice[]): Promise<void> {
  if (slices.length === 0) return
  await tx.execute(SAVE, [slices.map(({ id }) => id), slices.map(({ version }) => version), slices.map(({ balance }) => balance)])
}
