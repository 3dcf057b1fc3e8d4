/**
 * Locked accounts and what is to be posted on them: decided in memory, written once. The locks make the decision safe, the
 * constraints of the database make a wrong one impossible to commit.
 */
import type { Tx } from '../kit/db/index.ts'
import { type AccountState, BALANCE_MAX, covers } from './account.ts'
import { insufficientFunds } from './errors.ts'
import { insertPostings, type Postings, selectForUpdate } from './repository.ts'
import type { TransferDraft } from './transfer.ts'

export interface Book {
  /** The account as it stands with everything that was posted so far; undefined if it was not locked. */
  account(id: string): AccountState | undefined
  /** True if the account is locked and `amount` can be taken from it. */
  covers(id: string, amount: bigint): boolean
  /**
   * Adds a transfer, or throws and adds nothing.
   * Throws: insufficient_funds; an Error if the draft is unbalanced, names an account twice, or one that is not locked.
   */
  post(draft: TransferDraft): void
  /** Writes all that was posted, in three statements that travel together. */
  write(tx: Tx): Promise<void>
}

type Working = { -readonly [K in keyof AccountState]: AccountState[K] }

/** Locks the accounts in id order until the transaction ends. Ids that name no account are left out of the book. */
export async function lockAccounts(tx: Tx, ids: readonly string[]): Promise<Book> {
  return createBook(await selectForUpdate(tx, ids))
}

function createBook(locked: readonly AccountState[]): Book {
  const accounts = new Map<string, Working>()
  for (const account of locked) accounts.set(account.id, account)
  const touched = new Set<Working>()
  let rows = emptyPostings()
  return {
    account: id => accounts.get(id),
    covers: (id, amount) => {
      const account = accounts.get(id)
      return account !== undefined && covers(account, amount)
    },
    post: draft => {
      const parties = check(draft, accounts)
      addTransfer(rows, draft)
      for (let leg = 0; leg < parties.length; leg++) addEntry(rows, draft, leg, parties[leg]!)
      for (const account of parties) touched.add(account)
    },
    write: async tx => {
      if (touched.size === 0) return
      const written = rows
      const changed = [...touched]
      rows = emptyPostings()
      touched.clear()
      await insertPostings(tx, written, changed)
    }
  }
}

/** The accounts of the draft's entries, in their order. */
function check(draft: TransferDraft, accounts: ReadonlyMap<string, Working>): Working[] {
  const parties: Working[] = []
  let sum = 0n
  for (const { accountId, amount } of draft.entries) {
    const account = accounts.get(accountId)
    if (account === undefined) throw new Error(`ledger account ${accountId} is not locked`)
    if (account.currency !== draft.currency) throw new Error(`ledger account ${accountId} is not in ${draft.currency}`)
    if (amount === 0n || parties.includes(account)) throw new Error(`a leg of ${draft.kind} is empty or names an account twice`)
    parties.push(account)
    sum += amount
  }
  if (parties.length < 2 || sum !== 0n) throw new Error(`${draft.kind} is not balanced`)
  for (let leg = 0; leg < parties.length; leg++) checkBalance(parties[leg]!, draft.entries[leg]!.amount)
  return parties
}

function checkBalance(account: Working, amount: bigint): void {
  if (amount < 0n && !covers(account, -amount)) throw insufficientFunds()
  const after = account.balance + amount
  if (after > BALANCE_MAX || after < -BALANCE_MAX) throw new Error(`ledger account ${account.id} would pass the largest balance`)
}

function addTransfer(rows: Postings, draft: TransferDraft): void {
  rows.transferIds.push(draft.id)
  rows.kinds.push(draft.kind)
  rows.subjectIds.push(draft.subjectId)
  rows.steps.push(draft.step)
  rows.currencies.push(draft.currency)
  if (draft.note === undefined && rows.notes.length === 0) return
  while (rows.notes.length < rows.transferIds.length - 1) rows.notes.push(null)
  rows.notes.push(draft.note ?? null)
}

function addEntry(rows: Postings, draft: TransferDraft, leg: number, account: Working): void {
  const { amount } = draft.entries[leg]!
  account.balance += amount
  account.version += 1n
  rows.entryTransferIds.push(draft.id)
  rows.legs.push(leg)
  rows.accountIds.push(account.id)
  rows.amounts.push(amount)
  rows.versions.push(account.version)
  rows.balances.push(account.balance)
}

const emptyPostings = (): Postings => ({
  transferIds: [],
  kinds: [],
  subjectIds: [],
  steps: [],
  currencies: [],
  notes: [],
  entryTransferIds: [],
  legs: [],
  accountIds: [],
  amounts: [],
  versions: [],
  balances: []
})
