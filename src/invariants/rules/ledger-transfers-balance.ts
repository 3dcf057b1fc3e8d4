import type { Rule } from '../rule.ts'

export const ledgerTransfersBalance: Rule = {
  name: 'ledger_transfers_balance',
  description: 'Every transfer has two entries or more, which sum to zero, on accounts of its own currency; no entry is without its transfer.',
  sql: `
    SELECT coalesce(t.id, e.transfer_id) AS transfer_id, e.legs, e.total::text AS total
    FROM ledger_transfer t FULL JOIN (
      SELECT e.transfer_id, count(*) AS legs, count(a.id) AS known, sum(e.amount) AS total, min(a.currency) AS low, max(a.currency) AS high
      FROM ledger_entry e LEFT JOIN ledger_account a ON a.id = e.account_id GROUP BY e.transfer_id
    ) e ON e.transfer_id = t.id
    WHERE t.id IS NULL OR e.transfer_id IS NULL OR e.legs < 2 OR e.total <> 0 OR e.known <> e.legs OR e.low <> t.currency OR e.high <> t.currency`
}
