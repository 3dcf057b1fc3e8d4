/** The tables of this module; `migrations/` is the truth. */
import { bigint, boolean, char, customType, pgTable, text, timestamp, uuid } from '../kit/db/index.ts'
import { ACCOUNT_STATES } from './account.ts'

const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })

const moment = (name: string) => timestamp(name, { withTimezone: true })

export const reseller = pgTable('reseller', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  tier: text('tier'),
  currency: char('currency', { length: 3 }).notNull(),
  state: text('state', { enum: ACCOUNT_STATES }).notNull().default('active'),
  createdAt: moment('created_at').notNull().defaultNow(),
  updatedAt: moment('updated_at').notNull().defaultNow()
})

/** Kept by `suppliers/`; here only who can hold a key. */
export const supplier = pgTable('supplier', { id: uuid('id').primaryKey() })

export const apiKey = pgTable('api_key', {
  id: uuid('id').primaryKey(),
  kind: text('kind', { enum: ['operator', 'reseller', 'supplier'] }).notNull(),
  ownerId: uuid('owner_id'),
  name: text('name').notNull(),
  keyHash: bytea('key_hash').notNull(),
  hint: text('hint').notNull(),
  test: boolean('test').notNull(),
  scopes: text('scopes').array().notNull(),
  ipAllow: text('ip_allow').array().notNull(),
  dailySpendCap: bigint('daily_spend_cap', { mode: 'bigint' }),
  spendCurrency: char('spend_currency', { length: 3 }),
  expiresAt: moment('expires_at'),
  revokedAt: moment('revoked_at'),
  createdAt: moment('created_at').notNull().defaultNow()
})
