import type { Rule } from '../rule.ts'

export const revealsAreLogged: Rule = {
  name: 'reveals_are_logged',
  description: 'Every revealed card has a line in the reveal log, every line is of a card of that order, and no card that was shown is for sale.',
  sql: `
    SELECT coalesce(c.id, r.card_id) AS card_id, c.state, coalesce(r.reveals, 0) AS reveals
    FROM card c FULL JOIN (
      SELECT card_id, count(*) AS reveals, (max(order_id::text))::uuid AS order_id, count(DISTINCT order_id) AS orders FROM card_reveal GROUP BY card_id
    ) r ON r.card_id = c.id
    WHERE c.id IS NULL OR (c.state = 'revealed' AND r.reveals IS NULL)
      OR (r.reveals > 0 AND (c.state NOT IN ('revealed', 'returned', 'replaced', 'void') OR r.orders <> 1 OR r.order_id <> c.order_id))`
}
