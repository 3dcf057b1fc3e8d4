/** What the rules are evaluated on when not all is looked at: parts of the tables, which a walk over everything takes one after the other. */
import type { Part } from './check-invariants.ts'

/** Everything that belongs to the orders in `scope (id)`. */
const ORDER_TABLES = `
  orders AS (SELECT o.* FROM public.orders o JOIN scope s ON s.id = o.id),
  ledger_transfer AS (SELECT t.* FROM scope s JOIN public.ledger_transfer t ON t.subject_id = s.id),
  ledger_entry AS (SELECT e.* FROM ledger_transfer t JOIN public.ledger_entry e ON e.transfer_id = t.id),
  card AS (SELECT c.* FROM scope s JOIN public.card c ON c.order_id = s.id),
  supplier_attempt AS (SELECT a.* FROM scope s JOIN public.supplier_attempt a ON a.order_id = s.id),
  supplier_attempt_unit AS (SELECT u.* FROM supplier_attempt a JOIN public.supplier_attempt_unit u ON u.attempt_id = a.id)`

const lastOf = (scope: string, id: string): string => `(SELECT ${id}::text FROM ${scope} ORDER BY ${id} DESC LIMIT 1)`

export const ordersNamed = (orderIds: readonly string[]): Part => ({
  tables: `scope AS MATERIALIZED (SELECT DISTINCT id FROM unnest($1::uuid[]) AS s (id)), ${ORDER_TABLES}`,
  position: 'NULL::text',
  values: [orderIds]
})

/** From a position on, which is text; null: from the beginning. */
export type Walk = (after: string | null, limit: number) => Part

const FIRST = '00000000-0000-0000-0000-000000000000'

export const ordersAfter: Walk = (after, limit) => ({
  tables: `scope AS MATERIALIZED (SELECT id FROM public.orders WHERE id > $1::uuid ORDER BY id LIMIT $2), ${ORDER_TABLES}`,
  position: lastOf('scope', 'id'),
  values: [after ?? FIRST, limit]
})

export const cardsAfter: Walk = (after, limit) => ({
  tables: `card AS MATERIALIZED (
      SELECT id, sku_id, batch_id, state, order_id, position, issued_at FROM public.card WHERE id > $1::uuid ORDER BY id LIMIT $2),
    orders AS (SELECT o.* FROM public.orders o WHERE o.id IN (SELECT order_id FROM card WHERE order_id IS NOT NULL))`,
  position: lastOf('card', 'id'),
  values: [after ?? FIRST, limit]
})

/** Of the cards only those that are for sale, which are in an index. */
export const skusAfter: Walk = (after, limit) => ({
  tables: `scope AS MATERIALIZED (
      SELECT sku_id FROM (SELECT id AS sku_id FROM public.sku UNION SELECT sku_id FROM public.sku_fence) s
      WHERE sku_id > $1::uuid ORDER BY sku_id LIMIT $2),
    sku AS (SELECT s.id FROM public.sku s JOIN scope p ON p.sku_id = s.id),
    sku_fence AS (SELECT f.* FROM public.sku_fence f JOIN scope p USING (sku_id)),
    card AS (SELECT p.sku_id, 'available' AS state FROM scope p JOIN public.card c ON c.sku_id = p.sku_id WHERE c.state = 'available')`,
  position: lastOf('scope', 'sku_id'),
  values: [after ?? FIRST, limit]
})

/** All accounts as they stand, without their history. */
export const balances: Part = {
  tables: 'ledger_entry AS (SELECT * FROM public.ledger_entry WHERE false)',
  position: 'NULL::text',
  values: []
}

/** Everything. */
export const whole: Part = { tables: '', position: 'NULL::text', values: [] }
