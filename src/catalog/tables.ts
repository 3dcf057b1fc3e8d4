/** The tables of this module that drizzle reads and writes; `migrations/` is the truth. */
import { bigint, char, integer, jsonb, pgTable, text, timestamp, uuid } from '../kit/db/index.ts'
import type { InputSchema } from './input-schema.ts'
import { PRODUCT_KINDS } from './product.ts'
import { CARD_KINDS } from './sku.ts'
import { SALE_STATES } from './state.ts'

const moment = (name: string) => timestamp(name, { withTimezone: true })

export const product = pgTable('product', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  category: text('category').notNull(),
  kind: text('kind', { enum: PRODUCT_KINDS }).notNull(),
  description: text('description'),
  state: text('state', { enum: SALE_STATES }).notNull().default('active'),
  createdAt: moment('created_at').notNull().defaultNow(),
  updatedAt: moment('updated_at').notNull().defaultNow()
})

export const sku = pgTable('sku', {
  id: uuid('id').primaryKey(),
  productId: uuid('product_id').notNull(),
  code: text('code').notNull(),
  name: text('name').notNull(),
  currency: char('currency', { length: 3 }).notNull(),
  price: bigint('price', { mode: 'bigint' }).notNull(),
  minQuantity: integer('min_quantity').notNull(),
  maxQuantity: integer('max_quantity').notNull(),
  cardKind: text('card_kind', { enum: CARD_KINDS }).notNull(),
  inputSchema: jsonb('input_schema').$type<InputSchema>(),
  instructions: text('instructions'),
  lowStockThreshold: integer('low_stock_threshold').notNull(),
  state: text('state', { enum: SALE_STATES }).notNull().default('active'),
  createdAt: moment('created_at').notNull().defaultNow(),
  updatedAt: moment('updated_at').notNull().defaultNow()
})

export const skuPrice = pgTable('sku_price', {
  skuId: uuid('sku_id').notNull(),
  tier: text('tier'),
  resellerId: uuid('reseller_id'),
  minQuantity: integer('min_quantity').notNull(),
  unitPrice: bigint('unit_price', { mode: 'bigint' }).notNull()
})

/** Written by the statements of `stock-repository.ts`; here for reading the counter beside a SKU. */
export const skuFence = pgTable('sku_fence', {
  skuId: uuid('sku_id').primaryKey(),
  available: integer('available').notNull()
})
