import type { Rule } from '../rule.ts'

export const stockCounterIsRight: Rule = {
  name: 'stock_counter_is_right',
  kind: 'stock',
  description: 'Every SKU has its counter row, and the counter is the number of its available cards.',
  sql: `
    SELECT coalesce(s.id, f.sku_id, c.sku_id) AS sku_id, f.available AS counter, coalesce(c.available, 0) AS cards
    FROM sku s FULL JOIN sku_fence f ON f.sku_id = s.id
    FULL JOIN (SELECT sku_id, count(*) AS available FROM card WHERE state = 'available' GROUP BY sku_id) c ON c.sku_id = coalesce(f.sku_id, s.id)
    WHERE s.id IS NULL OR f.sku_id IS NULL OR f.available <> coalesce(c.available, 0)`
}
