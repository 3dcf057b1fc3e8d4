import type { Rule } from '../rule.ts'

export const adjustmentsHaveAnAuthor: Rule = {
  name: 'adjustments_have_an_author',
  kind: 'money',
  description: 'Every movement by hand says who made it; every credited top-up moved its amount.',
  sql: `
    SELECT coalesce(t.id, w.transfer_id) AS transfer_id
    FROM (SELECT * FROM ledger_transfer WHERE kind IN ('wallet.credit', 'wallet.adjust')) t
    FULL JOIN wallet_adjustment w ON w.transfer_id = t.id
    WHERE t.id IS NULL OR w.transfer_id IS NULL OR (w.kind = 'credit') <> (t.kind = 'wallet.credit')
    UNION ALL
    SELECT u.id FROM top_up u
    LEFT JOIN ledger_transfer t ON t.id = u.transfer_id AND t.kind = 'wallet.credit' AND t.subject_id = u.id AND t.currency = u.currency
    LEFT JOIN ledger_entry e ON e.transfer_id = t.id AND e.amount > 0
    WHERE u.state = 'credited' AND e.amount IS DISTINCT FROM u.amount`
}
