import type { Rule } from '../rule.ts'

export const ledgerSumsToZero: Rule = {
  name: 'ledger_sums_to_zero',
  kind: 'money',
  description: 'The balances of all accounts of a currency sum to zero: money only moves, it never appears.',
  sql: 'SELECT currency, sum(balance)::text AS total FROM ledger_account GROUP BY currency HAVING sum(balance) <> 0'
}
