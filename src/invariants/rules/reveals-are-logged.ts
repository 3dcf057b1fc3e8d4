import type { Rule } from '../rule.ts'

export const revealsAreLogged: Rule = {
  name: 'reveals_are_logged',
  kind: 'record',
  description: 'Every revealed card has a line in the reveal log, every line is of a card of that order, and no card that was shown is for sale.',
  sql: `
    SELECT 'no line' AS what, c.id AS card_id FROM card c
    WHERE c.state = 'revealed' AND NOT EXISTS (SELECT FROM card_reveal r WHERE r.card_id = c.id AND r.order_id = c.order_id)
    UNION ALL
    SELECT CASE WHEN c.order_id <> r.order_id THEN 'line of another order' ELSE coalesce(c.state, 'no card') END, r.card_id
    FROM card_reveal r LEFT JOIN card c ON c.id = r.card_id
    WHERE c.id IS NULL OR c.state NOT IN ('revealed', 'returned', 'replaced', 'void') OR c.order_id <> r.order_id`
}
