/** The tables of this module that drizzle reads; `migrations/` is the truth. */
import { bigint, boolean, customType, integer, jsonb, pgTable, text, timestamp, uuid } from '../kit/db/index.ts'
import type { SupplierLimits } from './limits.ts'
import { SUPPLIER_STATES } from './supplier.ts'

const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })

const moment = (name: string) => timestamp(name, { withTimezone: true })

export const supplier = pgTable('supplier', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  adapter: text('adapter').notNull(),
  state: text('state', { enum: SUPPLIER_STATES }).notNull().default('active'),
  configSealed: bytea('config_sealed'),
  limits: jsonb('limits').$type<SupplierLimits>().notNull().default({}),
  createdAt: moment('created_at').notNull().defaultNow(),
  updatedAt: moment('updated_at').notNull().defaultNow()
})

export const skuSource = pgTable('sku_source', {
  skuId: uuid('sku_id').notNull(),
  supplierId: uuid('supplier_id').notNull(),
  productCode: text('product_code').notNull(),
  unitCost: bigint('unit_cost', { mode: 'bigint' }).notNull(),
  priority: integer('priority').notNull(),
  enabled: boolean('enabled').notNull()
})
