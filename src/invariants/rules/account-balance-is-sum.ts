import type { Rule } from '../rule.ts'

export const accountBalanceIsSum: Rule = {
  name: 'account_balance_is_sum',
  kind: 'money',
  description: 'The balance of every account is the sum of its entries, and its version is their number.',
  sql: `
    SELECT a.id AS account_id, a.balance::text AS balance, coalesce(e.total, 0)::text AS entries
    FROM ledger_account a LEFT JOIN (
      SELECT account_id, sum(amount) AS total, count(*) AS entries FROM ledger_entry GROUP BY account_id
    ) e ON e.account_id = a.id
    WHERE a.balance <> coalesce(e.total, 0) OR a.version <> coalesce(e.entries, 0)`
}
