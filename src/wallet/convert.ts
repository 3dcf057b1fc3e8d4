/** Domain and stored records to the API's form. */
import type { Static } from 'typebox'
import { toApiId } from '../kit/ids.ts'
import { toMoneyText } from '../kit/money.ts'
import type { PostedEntry } from '../ledger/index.ts'
import type { AdjustmentRecord } from './adjust-wallet.ts'
import type { WalletAlert } from './alert.ts'
import type { WalletAccount } from './list-wallet-entries.ts'
import type { TopUpRecord } from './request-top-up.ts'
import type { OperatorTopUpSchema, TopUpSchema, WalletAdjustmentSchema, WalletAlertSchema, WalletEntrySchema, WalletSchema } from './schemas.ts'
import type { TopUp } from './top-up.ts'
import type { Wallet } from './wallet.ts'

export const toApiWallet = ({ currency, balance, held, available, creditLimit }: Wallet): Static<typeof WalletSchema> => ({
  currency,
  balance: toMoneyText(balance, currency),
  held: toMoneyText(held, currency),
  available: toMoneyText(available, currency),
  creditLimit: toMoneyText(creditLimit, currency)
})

export const toApiAlert = ({ threshold, currency, isLow }: WalletAlert): Static<typeof WalletAlertSchema> => ({
  threshold: toMoneyText(threshold, currency),
  low: isLow
})

export const toApiAdjustment = (record: AdjustmentRecord): Static<typeof WalletAdjustmentSchema> => ({
  id: toApiId('transfer', record.transferId),
  amount: toMoneyText(BigInt(record.amount), record.currency),
  balance: toMoneyText(BigInt(record.balance), record.currency),
  available: toMoneyText(BigInt(record.available), record.currency),
  reason: record.reason,
  reference: record.reference,
  createdAt: record.createdAt
})

const isOrderKind = (kind: string): boolean => kind.startsWith('order.')

export const toApiEntry = (entry: PostedEntry, account: WalletAccount): Static<typeof WalletEntrySchema> => ({
  id: toApiId('transfer', entry.transferId),
  type: entry.kind,
  account,
  amount: toMoneyText(entry.amount, entry.currency),
  balanceAfter: toMoneyText(entry.balanceAfter, entry.currency),
  ...(isOrderKind(entry.kind) ? { orderId: toApiId('order', entry.subjectId) } : {}),
  ...(entry.note === null ? {} : { note: entry.note }),
  createdAt: entry.createdAt.toISOString()
})

export const toApiTopUp = (topUp: TopUp): Static<typeof TopUpSchema> => ({
  id: toApiId('topUp', topUp.id),
  amount: toMoneyText(topUp.amount, topUp.currency),
  state: topUp.state,
  reference: topUp.reference,
  reason: topUp.reason,
  transferId: topUp.transferId === null ? null : toApiId('transfer', topUp.transferId),
  createdAt: topUp.createdAt.toISOString(),
  decidedAt: topUp.decidedAt?.toISOString() ?? null
})

/** As it was when it was announced. */
export const toApiAnnounced = (record: TopUpRecord): Static<typeof TopUpSchema> => ({
  id: toApiId('topUp', record.id),
  amount: toMoneyText(BigInt(record.amount), record.currency),
  state: 'pending',
  reference: record.reference,
  reason: null,
  transferId: null,
  createdAt: record.createdAt,
  decidedAt: null
})

export const toApiOperatorTopUp = (topUp: TopUp): Static<typeof OperatorTopUpSchema> => ({
  ...toApiTopUp(topUp),
  resellerId: toApiId('reseller', topUp.resellerId),
  decidedBy: topUp.decidedBy
})
