/** What the rules are evaluated on when not all is looked at: parts of the tables, which a walk over everything takes one after the other. */
import type { Part } from './check-invariants.ts'

/** The rows of a table that belong to each row of a part, by index whatever the planner thinks of their number: it may not look into OFFSET 0. */
const rowsOf = (part: string, table: string, condition: string): string =>
  `(SELECT t.* FROM ${part} p CROSS JOIN LATERAL (SELECT * FROM public.${table} r WHERE ${condition} OFFSET 0) t)`

/** Everything that belongs to the orders in `scope (id)`. */
const ORDER_TABLES = `
  orders AS ${rowsOf('scope', 'orders', 'r.id = p.id')},
  ledger_transfer AS ${rowsOf('scope', 'ledger_transfer', 'r.subject_id = p.id')},
  ledger_entry AS ${rowsOf('ledger_transfer', 'ledger_entry', 'r.transfer_id = p.id')},
  card AS ${rowsOf('scope', 'card', 'r.order_id = p.id')},
  supplier_attempt AS ${rowsOf('scope', 'supplier_attempt', 'r.order_id = p.id')},
  supplier_attempt_unit AS ${rowsOf('supplier_attempt', 'supplier_attempt_unit', 'r.attempt_id = p.id')}`

const lastOf = (scope: string, id: string): string => `(SELECT ${id}::text FROM ${scope} ORDER BY ${id} DESC LIMIT 1)`

export const ordersNamed = (orderIds: readonly string[]): Part => ({
  tables: `scope AS MATERIALIZED (SELECT DISTINCT id FROM unnest($1::uuid[]) AS s (id)), ${ORDER_TABLES}`,
  position: 'NULL::text',
  values: [orderIds]
})

/**
 * From a position on, which is text; null: from the beginning. The limit is written out: of a parameter the planner thinks that it could be
 * a tenth of the table, and reads all of it.
 */
export type Walk = (after: string | null, limit: number) => Part

const FIRST = '00000000-0000-0000-0000-000000000000'

export const ordersAfter: Walk = (after, limit) => ({
  tables: `scope AS MATERIALIZED (SELECT id FROM public.orders WHERE id > $1::uuid ORDER BY id LIMIT ${limit}), ${ORDER_TABLES}`,
  position: lastOf('scope', 'id'),
  values: [after ?? FIRST]
})

export const cardsAfter: Walk = (after, limit) => ({
  tables: `card AS MATERIALIZED (
      SELECT id, sku_id, batch_id, state, order_id, position, issued_at FROM public.card WHERE id > $1::uuid ORDER BY id LIMIT ${limit}),
    of_orders AS (SELECT DISTINCT order_id AS id FROM card WHERE order_id IS NOT NULL),
    orders AS ${rowsOf('of_orders', 'orders', 'r.id = p.id')}`,
  position: lastOf('card', 'id'),
  values: [after ?? FIRST]
})

/** Of the cards only those that are for sale, which are in an index. */
export const skusAfter: Walk = (after, limit) => ({
  tables: `scope AS MATERIALIZED (
      SELECT sku_id FROM (SELECT id AS sku_id FROM public.sku UNION SELECT sku_id FROM public.sku_fence) s
      WHERE sku_id > $1::uuid ORDER BY sku_id LIMIT ${limit}),
    sku AS (SELECT s.id FROM public.sku s JOIN scope p ON p.sku_id = s.id),
    sku_fence AS (SELECT f.* FROM public.sku_fence f JOIN scope p USING (sku_id)),
    card AS ${rowsOf('scope', 'card', "r.sku_id = p.sku_id AND r.state = 'available'")}`,
  position: lastOf('scope', 'sku_id'),
  values: [after ?? FIRST]
})

/** All accounts as they stand, without their history. */
export const balances: Part = {
  tables: 'ledger_entry AS (SELECT * FROM public.ledger_entry WHERE false)',
  position: 'NULL::text',
  values: []
}

/** Everything. */
export const whole: Part = { tables: '', position: 'NULL::text', values: [] }
