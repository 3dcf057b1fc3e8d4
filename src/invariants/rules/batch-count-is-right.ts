import type { Rule } from '../rule.ts'

export const batchCountIsRight: Rule = {
  name: 'batch_count_is_right',
  kind: 'stock',
  description: 'A batch has as many cards as it reported to have accepted: no card is lost, whatever became of it.',
  sql: `
    SELECT b.id AS batch_id, b.accepted, coalesce(c.cards, 0) AS cards
    FROM card_batch b LEFT JOIN (SELECT batch_id, count(*) AS cards FROM card GROUP BY batch_id) c ON c.batch_id = b.id
    WHERE b.accepted <> coalesce(c.cards, 0)`
}
