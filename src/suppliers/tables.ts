/** The tables of this module that drizzle reads; `migrations/` is the truth. */
import { bigint, boolean, char, customType, integer, jsonb, pgTable, text, timestamp, uuid } from '../kit/db/index.ts'
import type { SupplierLimits } from './limits.ts'
import { PRICINGS } from './markup.ts'
import type { StoredMarkup } from './stored-markup.ts'
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
  syncSeconds: integer('sync_seconds'),
  markup: jsonb('markup').$type<StoredMarkup>(),
  lowBalance: bigint('low_balance', { mode: 'bigint' }),
  lowBalanceCurrency: char('low_balance_currency', { length: 3 }),
  createdAt: moment('created_at').notNull().defaultNow(),
  updatedAt: moment('updated_at').notNull().defaultNow()
})

export const skuSource = pgTable('sku_source', {
  skuId: uuid('sku_id').notNull(),
  supplierId: uuid('supplier_id').notNull(),
  productCode: text('product_code').notNull(),
  unitCost: bigint('unit_cost', { mode: 'bigint' }).notNull(),
  priority: integer('priority').notNull(),
  enabled: boolean('enabled').notNull(),
  available: integer('available'),
  onSale: boolean('on_sale').notNull().default(true),
  costAt: moment('cost_at').notNull().defaultNow(),
  seenAt: moment('seen_at')
})

export const skuSourcing = pgTable('sku_sourcing', {
  skuId: uuid('sku_id').primaryKey(),
  pricing: text('pricing', { enum: PRICINGS }).notNull(),
  markup: jsonb('markup').$type<StoredMarkup>(),
  marginFloor: bigint('margin_floor', { mode: 'bigint' }).notNull(),
  maxCost: bigint('max_cost', { mode: 'bigint' }),
  updatedAt: moment('updated_at').notNull().defaultNow()
})
