import type { Rule } from '../rule.ts'

/**
 * held: what is still set aside for the order. paid: what came to revenue. refunded: what was given back of it.
 * Open orders: the rest is held. Fulfilled: all is paid; partially: what was delivered. Cancelled, failed and rejected: nothing is left with us.
 * Owners are numbered, because there is no max(uuid) before PostgreSQL 18; a null owner is the platform.
 */
export const orderMoneyMatchesState: Rule = {
  name: 'order_money_matches_state',
  kind: 'money',
  description: "An order's held, paid and refunded money is what its state and total say, and moved on its own reseller's wallet only.",
  sql: `
    WITH owner AS MATERIALIZED (SELECT owner_id AS id, row_number() OVER ()::int AS n FROM ledger_account WHERE owner_id IS NOT NULL GROUP BY owner_id),
    account AS MATERIALIZED (SELECT a.id, a.kind, o.n AS owner FROM ledger_account a LEFT JOIN owner o ON o.id = a.owner_id),
    moved AS (
      SELECT t.subject_id AS order_id,
        coalesce(sum(e.amount) FILTER (WHERE a.kind = 'wallet_held'), 0) AS held,
        coalesce(sum(e.amount) FILTER (WHERE a.kind = 'revenue' AND t.kind <> 'order.refund'), 0) AS paid,
        coalesce(-sum(e.amount) FILTER (WHERE a.kind = 'revenue' AND t.kind = 'order.refund'), 0) AS refunded,
        min(a.owner) AS low_owner, max(a.owner) AS high_owner, min(t.currency) AS low, max(t.currency) AS high
      FROM ledger_transfer t JOIN ledger_entry e ON e.transfer_id = t.id LEFT JOIN account a ON a.id = e.account_id
      WHERE t.kind LIKE 'order.%' GROUP BY t.subject_id
    ), each AS (
      SELECT o.id, coalesce(o.id, m.order_id) AS order_id, o.state, o.total, o.unit_price * o.delivered AS due, o.currency, r.n AS owner, m.low_owner, m.high_owner, m.low, m.high,
        coalesce(m.held, 0) AS held, coalesce(m.paid, 0) AS paid, coalesce(m.refunded, 0) AS refunded
      FROM orders o FULL JOIN moved m ON m.order_id = o.id LEFT JOIN owner r ON r.id = o.reseller_id
    )
    SELECT order_id, state, total::text AS total, held::text AS held, paid::text AS paid, refunded::text AS refunded FROM each
    WHERE id IS NULL OR low_owner <> high_owner OR low_owner IS DISTINCT FROM owner AND low IS NOT NULL OR low <> currency OR high <> currency
      OR held < 0 OR refunded < 0 OR refunded > paid
      OR CASE
        WHEN state = 'fulfilled' THEN held <> 0 OR paid <> total
        WHEN state = 'refunded' THEN held <> 0 OR refunded = 0
        WHEN state = 'partially_fulfilled' THEN held <> 0 OR paid IS DISTINCT FROM due
        WHEN state IN ('cancelled', 'failed', 'rejected') THEN held <> 0 OR paid <> refunded
        ELSE held <> total - paid
      END`
}
