/** All SQL of the ledger. The statements of a posting are set-based and named: they run for each batch of orders. */
import { plainArray, type Queryable, statement, type Tx } from '../kit/db/index.ts'
import type { AccountKey, AccountState, NewAccount } from './account.ts'
import type { PostedEntry } from './transfer.ts'

interface AccountRow {
  id: string
  owner_id: string | null
  kind: string
  currency: string
  shard: number
  balance: string
  version: string
  credit_limit: string | null
}

const fromAccountRow = (row: AccountRow): AccountState => ({
  id: row.id,
  ownerId: row.owner_id,
  kind: row.kind,
  currency: row.currency,
  shard: row.shard,
  balance: BigInt(row.balance),
  version: BigInt(row.version),
  creditLimit: row.credit_limit === null ? null : BigInt(row.credit_limit)
})

const COLUMNS = 'a.id, a.owner_id, a.kind, a.currency, a.shard, a.balance, a.version, a.credit_limit'

const LOCK = statement(
  'ledger_lock',
  `
  SELECT ${COLUMNS} FROM ledger_account a WHERE a.id = ANY($1::uuid[]) ORDER BY a.id FOR NO KEY UPDATE`
)
const READ = statement('ledger_read', `SELECT ${COLUMNS} FROM ledger_account a WHERE a.id = ANY($1::uuid[])`)
const OF_OWNER = statement(
  'ledger_accounts_of_owner',
  `
  SELECT ${COLUMNS} FROM ledger_account a WHERE a.owner_id = $1 ORDER BY a.currency, a.kind, a.shard`
)
// The two halves keep both on the unique index: IS NOT DISTINCT FROM would read the whole table.
const FIND = statement(
  'ledger_find',
  `
  WITH k AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::smallint[]) WITH ORDINALITY AS k (owner_id, kind, currency, shard, n))
  SELECT k.n::int AS n, ${COLUMNS} FROM k JOIN ledger_account a
    ON a.owner_id = k.owner_id AND a.kind = k.kind AND a.currency = k.currency::char(3) AND a.shard = k.shard
  UNION ALL
  SELECT k.n::int AS n, ${COLUMNS} FROM k JOIN ledger_account a
    ON a.owner_id IS NULL AND k.owner_id IS NULL AND a.kind = k.kind AND a.currency = k.currency::char(3) AND a.shard = k.shard`
)
// Sorted: two transactions that open the same accounts wait for each other in one order.
const OPEN = statement(
  'ledger_open',
  `
  INSERT INTO ledger_account (id, owner_id, kind, currency, shard, credit_limit)
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::smallint[], $6::bigint[])
    AS k (id, owner_id, kind, currency, shard, credit_limit) ORDER BY owner_id, kind, currency, shard
  ON CONFLICT (owner_id, kind, currency, shard) DO NOTHING`
)

export async function selectForUpdate(tx: Tx, ids: readonly string[]): Promise<AccountState[]> {
  return (await tx.query<AccountRow>(LOCK, [plainArray(ids)])).map(fromAccountRow)
}

/** The accounts with these ids, in no order; unknown ids are left out. */
export async function readAccounts(db: Queryable, ids: readonly string[]): Promise<AccountState[]> {
  return (await db.query<AccountRow>(READ, [plainArray(ids)])).map(fromAccountRow)
}

export async function listAccounts(db: Queryable, ownerId: string): Promise<AccountState[]> {
  return (await db.query<AccountRow>(OF_OWNER, [ownerId])).map(fromAccountRow)
}

/** One account or undefined for each key, in the order of the keys. */
export async function findAccounts(db: Queryable, keys: readonly AccountKey[]): Promise<(AccountState | undefined)[]> {
  const rows = await db.query<AccountRow & { n: number }>(FIND, [
    keys.map(key => key.ownerId),
    keys.map(key => key.kind),
    keys.map(key => key.currency),
    keys.map(key => key.shard)
  ])
  const found = new Array<AccountState | undefined>(keys.length).fill(undefined)
  for (const row of rows) found[row.n - 1] = fromAccountRow(row)
  return found
}

export async function insertAccounts(tx: Tx, ids: readonly string[], accounts: readonly NewAccount[]): Promise<void> {
  await tx.execute(OPEN, [
    ids,
    accounts.map(account => account.ownerId),
    accounts.map(account => account.kind),
    accounts.map(account => account.currency),
    accounts.map(account => account.shard),
    accounts.map(account => account.creditLimit)
  ])
}

const SET_CREDIT_LIMIT = statement(
  'ledger_set_credit_limit',
  `
  UPDATE ledger_account SET credit_limit = $2::bigint WHERE id = $1 AND credit_limit IS NOT NULL AND balance + $2::bigint >= 0`
)

/** False if the account owes more than that already, or is a platform account. */
export const updateCreditLimit = async (tx: Tx, id: string, limit: bigint): Promise<boolean> =>
  (await tx.execute(SET_CREDIT_LIMIT, [id, limit])) === 1

/** The columns of what is to be written, one array each. */
export interface Postings {
  readonly transferIds: string[]
  readonly kinds: string[]
  readonly subjectIds: string[]
  readonly steps: number[]
  readonly currencies: string[]
  /** Empty when no transfer has a note. */
  readonly notes: (string | null)[]
  readonly entryTransferIds: string[]
  readonly legs: number[]
  readonly accountIds: string[]
  readonly amounts: bigint[]
  readonly versions: bigint[]
  readonly balances: bigint[]
}

const INSERT_TRANSFERS = statement(
  'ledger_insert_transfers',
  `
  INSERT INTO ledger_transfer (id, kind, subject_id, step, currency, note)
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::int[], $5::text[], $6::text[])`
)
const INSERT_ENTRIES = statement(
  'ledger_insert_entries',
  `
  INSERT INTO ledger_entry (transfer_id, leg, account_id, amount, account_version, balance_after)
  SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[])`
)
const UPDATE_ACCOUNTS = statement(
  'ledger_update_accounts',
  `
  WITH updated AS (
    UPDATE ledger_account a SET balance = n.balance, version = n.version
    FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS n (id, balance, version) WHERE a.id = n.id RETURNING 1
  )
  SELECT expect_rows(count(*), cardinality($1), 'ledger accounts updated') FROM updated`
)

/** Started together; they run in this order on the one connection, so the entries find their transfers. */
export async function insertPostings(tx: Tx, rows: Postings, accounts: readonly AccountState[]): Promise<void> {
  const notes = rows.notes.length === 0 ? null : rows.notes
  await Promise.all([
    tx.execute(INSERT_TRANSFERS, [
      plainArray(rows.transferIds),
      plainArray(rows.kinds),
      plainArray(rows.subjectIds),
      plainArray(rows.steps),
      plainArray(rows.currencies),
      notes
    ]),
    tx.execute(INSERT_ENTRIES, [
      plainArray(rows.entryTransferIds),
      plainArray(rows.legs),
      plainArray(rows.accountIds),
      plainArray(rows.amounts),
      plainArray(rows.versions),
      plainArray(rows.balances)
    ]),
    tx.execute(UPDATE_ACCOUNTS, [
      plainArray(accounts.map(account => account.id)),
      plainArray(accounts.map(account => account.balance)),
      plainArray(accounts.map(account => account.version))
    ])
  ])
}

interface EntryRow {
  transfer_id: string
  kind: string
  subject_id: string
  note: string | null
  account_id: string
  amount: string
  currency: string
  account_version: string
  balance_after: string
  created_at: Date
}

const ENTRIES = statement(
  'ledger_entries',
  `
  SELECT e.transfer_id, t.kind, t.subject_id, t.note, e.account_id, e.amount, t.currency, e.account_version, e.balance_after, t.created_at
  FROM ledger_entry e JOIN ledger_transfer t ON t.id = e.transfer_id
  WHERE e.account_id = $1 AND e.account_version < $2::bigint ORDER BY e.account_version DESC LIMIT $3`
)
const BEYOND_ALL = 9_223_372_036_854_775_807n

export interface EntryPage {
  /** Only entries older than this account version. */
  readonly before?: bigint | undefined
  readonly limit: number
}

/** The entries of one account, newest first. */
export async function listEntries(db: Queryable, accountId: string, page: EntryPage): Promise<PostedEntry[]> {
  const rows = await db.query<EntryRow>(ENTRIES, [accountId, page.before ?? BEYOND_ALL, page.limit])
  return rows.map(row => ({
    transferId: row.transfer_id,
    kind: row.kind,
    subjectId: row.subject_id,
    note: row.note,
    accountId: row.account_id,
    amount: BigInt(row.amount),
    currency: row.currency,
    accountVersion: BigInt(row.account_version),
    balanceAfter: BigInt(row.balance_after),
    createdAt: row.created_at
  }))
}
