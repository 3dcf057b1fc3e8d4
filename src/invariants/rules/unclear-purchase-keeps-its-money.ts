import type { Rule } from '../rule.ts'

/** While a supplier may have sold, nothing is given back and the order stays open. */
export const unclearPurchaseKeepsItsMoney: Rule = {
  name: 'unclear_purchase_keeps_its_money',
  kind: 'money',
  description:
    'As long as a purchase is live its order is open and nothing of its money was released; an order that is being bought has a live purchase.',
  sql: `
    SELECT 'live purchase of a closed order' AS what, a.order_id FROM supplier_attempt a LEFT JOIN orders o ON o.id = a.order_id
    WHERE a.ended_at IS NULL AND (o.id IS NULL OR o.state NOT IN ('submitting', 'submitted', 'uncertain', 'review'))
    UNION ALL
    SELECT 'released while a purchase was live', a.order_id FROM supplier_attempt a JOIN ledger_transfer t ON t.subject_id = a.order_id
    WHERE t.kind = 'order.release' AND a.ended_at IS NULL
    UNION ALL
    SELECT 'nobody is being asked', o.id FROM orders o
    WHERE o.state IN ('submitting', 'submitted', 'uncertain', 'review')
      AND NOT EXISTS (SELECT FROM supplier_attempt a WHERE a.order_id = o.id AND a.ended_at IS NULL)
    UNION ALL
    SELECT 'delivered units do not match', o.id FROM orders o LEFT JOIN (
      SELECT order_id, count(*) FILTER (WHERE state = 'delivered') AS delivered FROM supplier_attempt_unit GROUP BY order_id
    ) u ON u.order_id = o.id
    WHERE o.delivered <> coalesce(u.delivered, 0) + coalesce(o.from_stock, 0)`
}
