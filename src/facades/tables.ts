/** The tables of this module that drizzle reads and writes; `migrations/` is the truth. */
import { bigint, boolean, char, jsonb, pgTable, text, timestamp, uuid } from '../kit/db/index.ts'
import { PROTOCOLS } from './protocol.ts'

const moment = (name: string) => timestamp(name, { withTimezone: true })

export const facadeCredential = pgTable('facade_credential', {
  id: uuid('id').primaryKey(),
  resellerId: uuid('reseller_id').notNull(),
  protocol: text('protocol', { enum: PROTOCOLS }).notNull(),
  login: text('login').notNull(),
  name: text('name').notNull(),
  ipAllow: text('ip_allow').array().notNull(),
  dailySpendCap: bigint('daily_spend_cap', { mode: 'bigint' }),
  spendCurrency: char('spend_currency', { length: 3 }),
  allowWaiting: boolean('allow_waiting').notNull(),
  expiresAt: moment('expires_at'),
  revokedAt: moment('revoked_at'),
  createdAt: moment('created_at').notNull().defaultNow()
})

export const facadeVariant = pgTable('facade_variant', {
  skuId: uuid('sku_id').primaryKey(),
  race: text('race').notNull(),
  options: jsonb('options').$type<Record<string, string>>().notNull()
})
