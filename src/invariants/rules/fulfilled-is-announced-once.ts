import type { Rule } from '../rule.ts'

export const fulfilledIsAnnouncedOnce: Rule = {
  name: 'fulfilled_is_announced_once',
  description: 'Every fulfilled order has exactly one event that says so, for its own reseller; no other order has one.',
  sql: `
    SELECT coalesce(o.id, e.subject_id) AS order_id, o.state, coalesce(e.events, 0) AS events
    FROM orders o FULL JOIN (
      SELECT subject_id, count(*) AS events, (min(reseller_id::text))::uuid AS reseller_id, count(DISTINCT reseller_id) AS resellers
      FROM outbox WHERE type = 'order.fulfilled' GROUP BY subject_id
    ) e ON e.subject_id = o.id
    WHERE o.id IS NULL OR (o.state = 'fulfilled' AND e.events IS NULL) OR e.events > 1
      OR e.resellers <> 1 OR e.reseller_id <> o.reseller_id OR (e.events > 0 AND o.state NOT IN ('fulfilled', 'refunded'))`
}
