import type { Rule } from '../rule.ts'

export const cardIsOfTheOrderedSku: Rule = {
  name: 'card_is_of_the_ordered_sku',
  kind: 'stock',
  description: 'Every card of an order is of the SKU that was ordered.',
  sql: 'SELECT c.id AS card_id, c.order_id FROM card c JOIN orders o ON o.id = c.order_id WHERE c.sku_id <> o.sku_id'
}
