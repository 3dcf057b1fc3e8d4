/** The ledger, as `src/ledger/repository.ts` speaks to it. */
import { count, expectRows, list, rows, type Statement } from './statement.ts'
import { lock, SqlError, write } from './store.ts'
import type { AccountRow } from './tables.ts'

const toRow = (row: AccountRow): object => ({
  ...row,
  balance: row.balance.toString(),
  version: row.version.toString(),
  credit_limit: row.credit_limit?.toString() ?? null
})

const lockAccounts: Statement = ({ store, holder, values: [ids] }) => {
  const found = [...new Set(list(ids))].sort().flatMap(id => lock(store.accounts.cells.get(id), holder) ?? [])
  return rows(found.map(toRow))
}

const findAccounts: Statement = ({ store, holder, values: [owners, kinds, currencies, shards] }) =>
  rows(
    list<string | null>(owners).flatMap((owner, index) => {
      const row = store.accounts.find(0, `${owner}:${kinds[index]}:${currencies[index]}:${shards[index]}`, holder)
      return row === undefined ? [] : [{ n: index + 1, ...toRow(row) }]
    })
  )

const insertTransfers: Statement = ({ store, holder, values: [ids, kinds, subjects, steps, currencies] }) => {
  const [subjectIds, stepNumbers, currencyTexts] = [list(subjects), list(steps), list(currencies)]
  const transfers = list(ids).map((id, index) => ({
    id,
    kind: kinds[index],
    subject_id: subjectIds[index] ?? '',
    step: Number(stepNumbers[index]),
    currency: currencyTexts[index] ?? ''
  }))
  store.transfers.insertAll(transfers, holder)
  holder.transfers.push(...transfers)
  return count(transfers.length)
}

const insertEntries: Statement = ({ store, holder, values }) => {
  const [transferIds = [], legs = [], accountIds = [], amounts = [], versions = [], balances = []] = values.map(each => list(each))
  const entries = transferIds.map((transferId, index) => ({
    transfer_id: transferId,
    leg: Number(legs[index]),
    account_id: accountIds[index] ?? '',
    amount: BigInt(amounts[index] ?? 0),
    account_version: BigInt(versions[index] ?? 0),
    balance_after: BigInt(balances[index] ?? 0)
  }))
  if (entries.some(entry => entry.amount === 0n)) throw new SqlError('23514', 'an entry of nothing')
  store.entries.insertAll(entries, holder)
  return count(entries.length)
}

const updateAccounts: Statement = ({ store, holder, values: [ids, newBalances, newVersions] }) => {
  const [balances, versions] = [list(newBalances), list(newVersions)]
  let updated = 0
  for (const [index, id] of list(ids).entries()) {
    const cell = store.accounts.cells.get(id)
    const row = lock(cell, holder)
    if (cell === undefined || row === undefined) continue
    const balance = BigInt(balances[index] ?? 0)
    if (row.credit_limit !== null && balance + row.credit_limit < 0n)
      throw new SqlError('23514', `account ${id} is not covered`, 'ledger_account_covered')
    write(cell, { ...row, balance, version: BigInt(versions[index] ?? 0) }, holder)
    updated++
  }
  expectRows(updated, list(ids).length, 'ledger accounts updated')
  return count(1)
}

export const MONEY_STATEMENTS: Readonly<Record<string, Statement>> = {
  ledger_lock: lockAccounts,
  ledger_find: findAccounts,
  ledger_insert_transfers: insertTransfers,
  ledger_insert_entries: insertEntries,
  ledger_update_accounts: updateAccounts
}
