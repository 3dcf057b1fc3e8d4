import type { Rule } from '../rule.ts'

export const orderTotalIsPriceTimesQuantity: Rule = {
  name: 'order_total_is_price_times_quantity',
  kind: 'money',
  description: "An order's total is its unit price times its quantity.",
  sql: 'SELECT id AS order_id, total::text AS total FROM orders WHERE total <> unit_price::numeric * quantity'
}
