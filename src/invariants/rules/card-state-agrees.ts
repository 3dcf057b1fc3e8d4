import type { Rule } from '../rule.ts'

export const cardStateAgrees: Rule = {
  name: 'card_state_agrees',
  description: 'A card is on an order exactly when its state says so, and is reserved only for an order that is still open.',
  sql: `
    SELECT c.id AS card_id, c.state FROM card c
    WHERE (c.state IN ('reserved', 'issued', 'revealed', 'returned', 'replaced')) <> (c.order_id IS NOT NULL)
      OR (c.order_id IS NULL) <> (c.position IS NULL)
      OR (c.state IN ('issued', 'revealed')) AND c.issued_at IS NULL
    UNION ALL
    SELECT c.id, c.state FROM card c JOIN orders o ON o.id = c.order_id
    WHERE c.state = 'reserved' AND o.state IN ('fulfilled', 'cancelled', 'failed', 'refunded', 'rejected')`
}
