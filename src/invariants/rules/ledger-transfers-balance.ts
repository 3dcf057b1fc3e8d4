import type { Rule } from '../rule.ts'

export const ledgerTransfersBalance: Rule = {
  name: 'ledger_transfers_balance',
  kind: 'money',
  description: 'Every transfer has two entries or more, which sum to zero, on accounts of its own currency; no entry is without its transfer.',
  sql: `
    SELECT transfer_id, legs, total::text AS total FROM (
      SELECT e.transfer_id, count(*) AS legs, sum(e.amount) AS total, bool_or(a.currency IS DISTINCT FROM t.currency OR t.id IS NULL) AS alien
      FROM ledger_entry e LEFT JOIN ledger_account a ON a.id = e.account_id LEFT JOIN ledger_transfer t ON t.id = e.transfer_id
      GROUP BY e.transfer_id
    ) each WHERE legs < 2 OR total <> 0 OR alien
    UNION ALL
    SELECT t.id, 0, '0' FROM ledger_transfer t WHERE NOT EXISTS (SELECT FROM ledger_entry e WHERE e.transfer_id = t.id)`
}
