/** The tables of this module; `migrations/` is the truth. The money itself is in the ledger's tables. */
import { bigint, char, pgTable, text, timestamp, uuid } from '../kit/db/index.ts'
import { TOP_UP_STATES } from './top-up.ts'

const moment = (name: string) => timestamp(name, { withTimezone: true })

export const walletAdjustment = pgTable('wallet_adjustment', {
  transferId: uuid('transfer_id').primaryKey(),
  resellerId: uuid('reseller_id').notNull(),
  kind: text('kind', { enum: ['credit', 'debit'] }).notNull(),
  reference: text('reference'),
  actor: text('actor').notNull(),
  createdAt: moment('created_at').notNull().defaultNow()
})

export const topUp = pgTable('top_up', {
  id: uuid('id').primaryKey(),
  resellerId: uuid('reseller_id').notNull(),
  amount: bigint('amount', { mode: 'bigint' }).notNull(),
  currency: char('currency', { length: 3 }).notNull(),
  state: text('state', { enum: TOP_UP_STATES }).notNull().default('pending'),
  reference: text('reference'),
  reason: text('reason'),
  transferId: uuid('transfer_id'),
  createdAt: moment('created_at').notNull().defaultNow(),
  decidedAt: moment('decided_at'),
  decidedBy: text('decided_by')
})
