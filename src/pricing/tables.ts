/** The tables of this module; `migrations/` is the truth. */
import { bigint, char, integer, pgTable, timestamp, uuid } from '../kit/db/index.ts'

export const quote = pgTable('quote', {
  id: uuid('id').primaryKey(),
  resellerId: uuid('reseller_id').notNull(),
  skuId: uuid('sku_id').notNull(),
  quantity: integer('quantity').notNull(),
  unitPrice: bigint('unit_price', { mode: 'bigint' }).notNull(),
  currency: char('currency', { length: 3 }).notNull(),
  expiresAt: timestamp('expires_at', { withTimezone: true }).notNull()
})
