import type { Rule } from '../rule.ts'

export const cardStateAgrees: Rule = {
  name: 'card_state_agrees',
  kind: 'stock',
  description: 'A card is on an order exactly when its state says so, the order exists, and is still open if the card is reserved.',
  sql: `
    SELECT c.id AS card_id, c.state FROM card c
    WHERE (c.state IN ('reserved', 'issued', 'revealed', 'returned', 'replaced')) <> (c.order_id IS NOT NULL)
      OR (c.order_id IS NULL) <> (c.position IS NULL)
      OR (c.state IN ('issued', 'revealed')) AND c.issued_at IS NULL
    UNION ALL
    SELECT c.id, c.state FROM card c LEFT JOIN orders o ON o.id = c.order_id
    WHERE c.order_id IS NOT NULL AND o.id IS NULL OR c.state = 'reserved' AND o.state IN ('fulfilled', 'cancelled', 'failed', 'refunded', 'rejected')`
}
