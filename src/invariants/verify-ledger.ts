/** The money that moved since the last time, every entry of it, and the orders that it moved for. */
import type { Db } from '../kit/db/index.ts'
import { evaluateIn, type RuleResult, SAMPLE_MAX } from './check-invariants.ts'
import { type AccountSlice, type LedgerPage, readNewEntries, readOldEntries, saveVerified } from './ledger-repository.ts'
import { ordersNamed } from './parts-repository.ts'
import { accountBalanceIsSum } from './rules/account-balance-is-sum.ts'
import { accountHistoryIsComplete } from './rules/account-history-is-complete.ts'
import { accountsAreCovered } from './rules/accounts-are-covered.ts'
import { ledgerTransfersBalance } from './rules/ledger-transfers-balance.ts'
import { RULES_OF_MOVED_ORDERS } from './rules.ts'

/** A statement of some hundred milliseconds; longer ones keep dead rows alive. */
const ENTRIES_PER_PAGE = 20_000
/** For some thousand orders a second: those of a flash sale beyond that are left to the walk over all orders. Their money is not. */
const ORDERS_MAX_MS = 400
const FIRST_ACCOUNT = '00000000-0000-0000-0000-000000000000'

/** Returns what is broken, and whether all was looked at that was there at the beginning. */
export async function verifyNewEntries(db: Db, isTimeUp: () => boolean): Promise<{ results: RuleResult[]; isComplete: boolean }> {
  const results: RuleResult[] = []
  let ordersMs = 0
  let after = FIRST_ACCOUNT
  let hasMore = false
  while (!isTimeUp()) {
    const page = await db.snapshot(view => readNewEntries(view, after, ENTRIES_PER_PAGE))
    results.push(...brokenRules(page))
    if (page.orders.length > 0 && ordersMs < ORDERS_MAX_MS) {
      const startedAt = performance.now()
      results.push(...(await verifyOrders(db, page.orders)))
      ordersMs += performance.now() - startedAt
    }
    await db.tx(tx => saveVerified(tx, page.accounts.filter(isSound)))
    hasMore ||= page.accounts.some(account => account.more && isSound(account))
    const last = page.accounts.at(-1)
    if (last !== undefined) after = last.id
    else if (!hasMore) return { results, isComplete: true }
    else {
      after = FIRST_ACCOUNT
      hasMore = false
    }
  }
  return { results, isComplete: false }
}

const isSound = ({ broken, differs }: AccountSlice): boolean => !broken && !differs

async function verifyOrders(db: Db, orderIds: readonly string[]): Promise<RuleResult[]> {
  const { results } = await db.snapshot(view => evaluateIn(view, RULES_OF_MOVED_ORDERS, ordersNamed(orderIds)))
  return results
}

/** A page of everything that was ever booked. The position is text, and null at the end. */
export async function verifyOldEntries(db: Db, position: string | null): Promise<{ results: RuleResult[]; position: string | null }> {
  const from = position === null ? BEGINNING : fromPosition(position)
  const page = await db.snapshot(view => readOldEntries(view, from, ENTRIES_PER_PAGE))
  const last = page.accounts.at(-1)
  return { results: brokenRules(page), position: last === undefined ? null : toPosition(last) }
}

const BEGINNING: AccountSlice = { id: FIRST_ACCOUNT, version: '0', balance: '0', broken: false, differs: false, more: false }

const toPosition = ({ id, version, balance, more }: AccountSlice): string => [id, version, balance, more ? 'more' : 'done'].join(' ')

function fromPosition(text: string): AccountSlice {
  const [id = FIRST_ACCOUNT, version = '0', balance = '0', rest] = text.split(' ')
  return { ...BEGINNING, id, version, balance, more: rest === 'more' }
}

function brokenRules({ accounts, unbalanced, uncovered }: LedgerPage): RuleResult[] {
  const ids = (slices: readonly AccountSlice[]): string[] => slices.map(({ id }) => id)
  return [
    result(accountHistoryIsComplete, 'account_id', ids(accounts.filter(({ broken }) => broken))),
    result(accountBalanceIsSum, 'account_id', ids(accounts.filter(({ differs }) => differs))),
    result(accountsAreCovered, 'account_id', uncovered),
    result(ledgerTransfersBalance, 'transfer_id', unbalanced)
  ]
}

const result = ({ name, description }: { name: string; description: string }, key: string, ids: readonly string[]): RuleResult => ({
  name,
  description,
  broken: ids.length,
  sample: ids.slice(0, SAMPLE_MAX).map(id => ({ [key]: id }))
})
