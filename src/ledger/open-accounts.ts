import type { Tx } from '../kit/db/index.ts'
import { newId } from '../kit/ids.ts'
import type { AccountState, NewAccount } from './account.ts'
import { findAccounts, insertAccounts } from './repository.ts'

/**
 * The accounts with these keys, in the order of the keys; those that do not exist are opened, empty. The credit limit counts for new
 * ones only. Takes no lock on accounts that exist.
 */
export async function ensureAccounts(tx: Tx, accounts: readonly NewAccount[]): Promise<AccountState[]> {
  const found = await findAccounts(tx, accounts)
  const missing = accounts.filter((_, index) => found[index] === undefined)
  if (missing.length > 0) await insertAccounts(tx, missing.map(newId), missing)
  const all = missing.length === 0 ? found : await findAccounts(tx, accounts)
  return all.map((account, index) => {
    if (account === undefined) throw new Error(`ledger account ${accounts[index]?.kind} ${accounts[index]?.currency} could not be opened`)
    return account
  })
}
