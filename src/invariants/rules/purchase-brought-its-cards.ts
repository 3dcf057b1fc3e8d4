import type { Rule } from '../rule.ts'

/** The batch of a bought card has the id of the attempt that brought it. Direct top-ups bring none. */
export const purchaseBroughtItsCards: Rule = {
  name: 'purchase_brought_its_cards',
  kind: 'stock',
  description: 'Every unit that a supplier delivered has its card on that order; no card that was paid for is lost.',
  sql: `
    WITH top_up AS MATERIALIZED (SELECT s.id FROM sku s JOIN product p ON p.id = s.product_id WHERE p.kind = 'topup'),
    brought AS MATERIALIZED (
      SELECT u.attempt_id, u.order_id, count(*) AS delivered FROM supplier_attempt_unit u WHERE u.state = 'delivered' GROUP BY u.attempt_id, u.order_id)
    SELECT b.attempt_id, b.order_id, b.delivered, coalesce(c.cards, 0) AS cards FROM brought b JOIN orders o ON o.id = b.order_id LEFT JOIN (
      SELECT batch_id, order_id, count(*) AS cards FROM card WHERE order_id IN (SELECT order_id FROM brought) GROUP BY batch_id, order_id
    ) c ON c.batch_id = b.attempt_id AND c.order_id = b.order_id
    WHERE o.sku_id NOT IN (SELECT id FROM top_up) AND b.delivered <> coalesce(c.cards, 0)`
}
