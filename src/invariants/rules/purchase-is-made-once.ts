import type { Rule } from '../rule.ts'

/** The unique index makes the first one impossible; the others are what it rests on. */
export const purchaseIsMadeOnce: Rule = {
  name: 'purchase_is_made_once',
  kind: 'stock',
  description:
    'A unit of an order has at most one attempt at a supplier that is live or has delivered; an attempt has as many units as it was placed for, live as long as it is.',
  sql: `
    SELECT 'bought twice' AS what, order_id, position, count(*) AS attempts FROM supplier_attempt_unit
    WHERE state IN ('live', 'delivered') GROUP BY order_id, position HAVING count(*) > 1
    UNION ALL
    SELECT 'units do not match the attempt', a.order_id, a.ordinal, coalesce(u.units, 0) FROM supplier_attempt a LEFT JOIN (
      SELECT attempt_id, count(*) AS units, count(*) FILTER (WHERE state = 'live') AS live, count(*) FILTER (WHERE state = 'delivered') AS delivered
      FROM supplier_attempt_unit GROUP BY attempt_id
    ) u ON u.attempt_id = a.id
    WHERE u.units IS DISTINCT FROM a.quantity
      OR u.live <> CASE WHEN a.state IN ('intent', 'sent', 'unknown', 'submitted', 'review') THEN a.quantity ELSE 0 END
      OR CASE WHEN a.state = 'succeeded' THEN u.delivered <> a.quantity WHEN a.state = 'partial' THEN u.delivered = 0 ELSE u.delivered > 0 END`
}
