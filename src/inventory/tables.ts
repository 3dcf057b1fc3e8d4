/** The tables of this module that drizzle reads; `migrations/` is the truth. What is written is written by the statements beside it. */
import { bigint, char, integer, pgTable, text, timestamp, uuid } from '../kit/db/index.ts'
import { BATCH_FORMATS, BATCH_STATES, DUPLICATE_REASONS, REJECT_REASONS } from './batch.ts'
import { CARD_STATES } from './card.ts'

const moment = (name: string) => timestamp(name, { withTimezone: true })

export const cardBatch = pgTable('card_batch', {
  id: uuid('id').primaryKey(),
  skuId: uuid('sku_id').notNull(),
  supplierId: uuid('supplier_id'),
  unitCost: bigint('unit_cost', { mode: 'bigint' }),
  currency: char('currency', { length: 3 }).notNull(),
  format: text('format', { enum: BATCH_FORMATS }).notNull(),
  state: text('state', { enum: BATCH_STATES }).notNull(),
  accepted: integer('accepted').notNull(),
  duplicates: integer('duplicates').notNull(),
  rejected: integer('rejected').notNull(),
  createdAt: moment('created_at').notNull(),
  finishedAt: moment('finished_at')
})

export const cardBatchLine = pgTable('card_batch_line', {
  batchId: uuid('batch_id').notNull(),
  line: integer('line').notNull(),
  reason: text('reason', { enum: [...REJECT_REASONS, ...DUPLICATE_REASONS] }).notNull()
})

export const card = pgTable('card', {
  id: uuid('id').primaryKey(),
  skuId: uuid('sku_id').notNull(),
  batchId: uuid('batch_id').notNull(),
  state: text('state', { enum: CARD_STATES }).notNull(),
  orderId: uuid('order_id'),
  position: integer('position'),
  expiresAt: moment('expires_at'),
  issuedAt: moment('issued_at')
})

export const cardReveal = pgTable('card_reveal', {
  id: bigint('id', { mode: 'bigint' }).primaryKey(),
  cardId: uuid('card_id').notNull(),
  orderId: uuid('order_id').notNull(),
  apiKeyId: uuid('api_key_id'),
  requestId: text('request_id').notNull(),
  at: moment('created_at').notNull()
})
