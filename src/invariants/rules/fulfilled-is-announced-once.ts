import type { Rule } from '../rule.ts'

/** Old events may be gone, up to a position; an hour is more than any transaction takes. */
export const fulfilledIsAnnouncedOnce: Rule = {
  name: 'fulfilled_is_announced_once',
  kind: 'record',
  description: 'Every fulfilled order has exactly one event that says so, for its own reseller, as long as events are kept; no other order has one.',
  sql: `
    SELECT 'no event' AS what, o.id AS order_id FROM orders o
    WHERE o.state = 'fulfilled' AND coalesce(o.fulfilled_at, 'infinity') > (SELECT until + interval '1 hour' FROM outbox_horizon)
      AND NOT EXISTS (SELECT FROM outbox e WHERE e.type = 'order.fulfilled' AND e.subject_id = o.id)
    UNION ALL
    SELECT 'event of an order that is not fulfilled, or for another reseller', e.subject_id FROM outbox e LEFT JOIN orders o ON o.id = e.subject_id
    WHERE e.type = 'order.fulfilled' AND (o.id IS NULL OR o.state NOT IN ('fulfilled', 'refunded') OR e.reseller_id IS DISTINCT FROM o.reseller_id)
    UNION ALL
    SELECT 'several events', subject_id FROM outbox WHERE type = 'order.fulfilled' GROUP BY subject_id HAVING count(*) > 1`
}
