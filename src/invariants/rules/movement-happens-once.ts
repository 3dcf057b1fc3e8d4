import type { Rule } from '../rule.ts'

export const movementHappensOnce: Rule = {
  name: 'movement_happens_once',
  kind: 'money',
  description: 'A business event moves money at most once.',
  sql: 'SELECT subject_id, kind, step, count(*) AS times FROM ledger_transfer GROUP BY subject_id, kind, step HAVING count(*) > 1'
}
