import type { Rule } from '../rule.ts'

/** The history of spendable accounts is not looked at: their limit may have been another one then. Held money never had a limit. */
export const accountsAreCovered: Rule = {
  name: 'accounts_are_covered',
  kind: 'money',
  description: 'No account is below its credit limit, and no held account ever was below zero.',
  sql: `
    SELECT id AS account_id, balance::text AS balance FROM ledger_account WHERE balance + credit_limit < 0
    UNION ALL
    SELECT a.id, min(e.balance_after)::text FROM ledger_account a JOIN ledger_entry e ON e.account_id = a.id
    WHERE a.kind = 'wallet_held' AND e.balance_after < 0 GROUP BY a.id`
}
