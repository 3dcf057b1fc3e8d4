import type { Rule } from '../rule.ts'

export const accountHistoryIsComplete: Rule = {
  name: 'account_history_is_complete',
  kind: 'money',
  description: 'The entries of every account are numbered from 1 without a gap, and each balance is the one before plus the amount.',
  sql: `
    SELECT account_id, account_version::text AS account_version FROM (
      SELECT account_id, account_version, balance_after, amount,
        lag(balance_after, 1, 0::bigint) OVER w AS balance_before, lag(account_version, 1, 0::bigint) OVER w AS version_before
      FROM ledger_entry WINDOW w AS (PARTITION BY account_id ORDER BY account_version)
    ) e WHERE balance_after <> balance_before + amount OR account_version <> version_before + 1`
}
