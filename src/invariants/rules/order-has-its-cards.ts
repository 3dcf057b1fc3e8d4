import type { Rule } from '../rule.ts'

export const orderHasItsCards: Rule = {
  name: 'order_has_its_cards',
  kind: 'stock',
  description:
    'A fulfilled order has exactly as many cards as it paid for (a top-up has none), each at a place of its own; an order that is cancelled, failed or rejected has none; no card is on an order that does not exist.',
  sql: `
    WITH top_up AS MATERIALIZED (SELECT s.id FROM sku s JOIN product p ON p.id = s.product_id WHERE p.kind = 'topup')
    SELECT coalesce(o.id, c.order_id) AS order_id, o.state, o.quantity, coalesce(c.delivered, 0) AS delivered, coalesce(c.cards, 0) AS cards
    FROM orders o FULL JOIN (
      SELECT order_id, count(*) AS cards, count(*) FILTER (WHERE state <> 'reserved') AS delivered, max(position) AS last
      FROM card WHERE order_id IS NOT NULL GROUP BY order_id
    ) c ON c.order_id = o.id
    WHERE o.id IS NULL OR c.last >= o.quantity
      OR CASE
        WHEN o.sku_id IN (SELECT id FROM top_up) THEN c.cards > 0
        WHEN o.state = 'partially_fulfilled' THEN c.delivered IS DISTINCT FROM o.delivered OR c.cards <> c.delivered
        WHEN o.state IN ('fulfilled', 'refunded') THEN coalesce(c.delivered, 0) <> o.quantity OR c.cards <> c.delivered
        WHEN o.state IN ('cancelled', 'failed', 'rejected') THEN c.cards > 0
        ELSE c.cards > o.quantity
      END
    UNION ALL
    SELECT order_id, 'two cards at one place', NULL, NULL, count(*) FROM card WHERE order_id IS NOT NULL GROUP BY order_id, position HAVING count(*) > 1`
}
