import type { Rule } from '../rule.ts'

/** Free orders move no money, and have no entry to compare with. */
export const orderBalanceWasToldRight: Rule = {
  name: 'order_balance_was_told_right',
  kind: 'record',
  description: 'The balance that an order was answered with is the one that its charge or hold left on the wallet.',
  sql: `
    SELECT o.id AS order_id, o.balance_after::text AS balance_after
    FROM orders o LEFT JOIN (
      SELECT t.subject_id, e.balance_after FROM ledger_transfer t JOIN ledger_entry e ON e.transfer_id = t.id JOIN ledger_account a ON a.id = e.account_id
      WHERE t.kind IN ('order.charge', 'order.hold') AND t.step = 0 AND a.kind = 'wallet'
    ) w ON w.subject_id = o.id
    WHERE o.total > 0 AND w.balance_after IS DISTINCT FROM o.balance_after`
}
