/** A ledger without orders: a database, two wallets' accounts, and the rules that need no order to be there. */
import pg from 'pg'
import type { Test } from 'tap'
import { checkInvariants } from '../../src/invariants/index.ts'
import { createDatabase, type Db, sqlState } from '../../src/kit/db/index.ts'
import { newId } from '../../src/kit/ids.ts'
import { type AccountState, ensureAccounts, lockAccounts, type NewAccount, type TransferDraft } from '../../src/ledger/index.ts'
import { createTestDatabase } from '../support/database.ts'

const LEDGER_RULES = new Set([
  'ledger_transfers_balance',
  'ledger_sums_to_zero',
  'account_balance_is_sum',
  'account_history_is_complete',
  'accounts_are_covered',
  'movement_happens_once'
])

export async function startLedger(t: Test) {
  const url = await createTestDatabase(t)
  const db = createDatabase({ url, maxConnections: 8, onError: () => undefined })
  const owner = new pg.Client({ connectionString: url })
  await owner.connect()
  t.teardown(async () => {
    const broken = await brokenLedgerRules(db)
    await owner.end()
    await db.close()
    if (broken.length > 0) throw new Error(`ledger rules broken: ${broken.join()}`)
  })
  return { db, owner }
}

export async function brokenLedgerRules(db: Db): Promise<string[]> {
  const { data } = await checkInvariants(db)
  const checked = data.filter(rule => LEDGER_RULES.has(rule.name))
  if (checked.length !== LEDGER_RULES.size) throw new Error('a ledger rule was renamed')
  return checked.filter(rule => rule.broken > 0).map(rule => rule.name)
}

export const account = (kind: string, overrides: Partial<NewAccount> = {}): NewAccount => ({
  ownerId: newId(),
  kind,
  currency: 'CNY',
  shard: 0,
  creditLimit: 0n,
  ...overrides
})

export const platform = (kind: string, shard = 0): NewAccount => account(kind, { ownerId: null, shard, creditLimit: null })

export async function open<const T extends readonly NewAccount[]>(db: Db, ...accounts: T): Promise<{ [K in keyof T]: string }> {
  const opened = await db.tx(tx => ensureAccounts(tx, accounts))
  return opened.map(each => each.id) as { [K in keyof T]: string }
}

export const transfer = (from: string, to: string, amount: bigint, overrides: Partial<TransferDraft> = {}): TransferDraft => ({
  id: newId(),
  kind: 'test.move',
  subjectId: newId(),
  step: 0,
  currency: 'CNY',
  entries: [
    { accountId: from, amount: -amount },
    { accountId: to, amount }
  ],
  ...overrides
})

/** Posts these transfers in one transaction. */
export async function post(db: Db, ...drafts: readonly TransferDraft[]): Promise<void> {
  await db.tx(async tx => {
    const book = await lockAccounts(tx, [...new Set(drafts.flatMap(draft => draft.entries.map(entry => entry.accountId)))])
    for (const draft of drafts) book.post(draft)
    await book.write(tx)
  })
}

/** The SQLSTATE that the action fails with. */
export async function stateOf(action: Promise<unknown>): Promise<string | undefined> {
  try {
    await action
    return undefined
  } catch (error) {
    return sqlState(error) ?? 'no SQLSTATE'
  }
}

export const balances = (accounts: readonly AccountState[]): Record<string, bigint> =>
  Object.fromEntries(accounts.map(each => [each.id, each.balance]))
