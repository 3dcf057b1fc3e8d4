/** What credits and debits by an operator's hand, and credited top-ups, have in common. */
import { findReseller, type Reseller } from '../accounts/index.ts'
import type { Queryable, Tx } from '../kit/db/index.ts'
import { notFound } from '../kit/errors.ts'
import type { Money } from '../kit/money.ts'
import { type Book, lockAccounts, type TransferDraft } from '../ledger/index.ts'
import { PLATFORM_SHARDS, type WalletAccounts } from './accounts.ts'
import type { WalletDirectory } from './directory.ts'
import { walletFull } from './errors.ts'
import { insertAdjustment } from './repository.ts'
import { WALLET_MAX } from './wallet.ts'

/** How the answer is stored with the idempotency key: plain JSON, amounts as text in 1/10000 of the unit. */
export interface AdjustmentRecord {
  readonly transferId: string
  readonly amount: string
  readonly currency: string
  readonly balance: string
  readonly available: string
  readonly reason: string
  readonly reference: string | null
  readonly createdAt: string
}

export interface AdjustWallet {
  readonly resellerId: string
  readonly amount: Money
  /** Shown to the reseller. */
  readonly reason: string
  readonly reference: string | null
  readonly actor: string
  /** The caller that the idempotency key belongs to. */
  readonly callerId: string
  readonly key: string
  readonly hash: Buffer
}

export async function requireReseller(db: Queryable, id: string): Promise<Reseller> {
  const reseller = await findReseller(db, id)
  if (reseller === null) throw notFound('reseller')
  return reseller
}

/** Any shard will do: adjustments are rare beside orders. */
export function fundingAccount(wallets: WalletDirectory, currency: string): string {
  const account = wallets.platform('funding', currency, Math.floor(Math.random() * PLATFORM_SHARDS))
  if (account === undefined) throw new Error(`no funding account for ${currency}`)
  return account
}

export interface Adjustment {
  readonly draft: TransferDraft
  readonly accounts: WalletAccounts
  readonly resellerId: string
  readonly kind: 'credit' | 'debit'
  readonly reference: string | null
  readonly actor: string
}

/** Throws: insufficient_funds, reference_taken, state_conflict (the wallet is full). */
export async function adjust(tx: Tx, adjustment: Adjustment): Promise<{ book: Book; createdAt: Date }> {
  const { draft, accounts, resellerId, kind, reference, actor } = adjustment
  const ids = new Set([accounts.wallet, accounts.held, ...draft.entries.map(entry => entry.accountId)])
  const book = await lockAccounts(tx, [...ids])
  book.post(draft)
  if (kind === 'credit' && (book.account(accounts.wallet)?.balance ?? 0n) > WALLET_MAX) throw walletFull()
  const createdAt = await insertAdjustment(tx, { transferId: draft.id, resellerId, kind, reference, actor })
  await book.write(tx)
  return { book, createdAt }
}

export function toRecord(
  input: AdjustWallet,
  accounts: WalletAccounts,
  done: { book: Book; draft: TransferDraft; createdAt: Date }
): AdjustmentRecord {
  const wallet = done.book.account(accounts.wallet)
  const held = done.book.account(accounts.held)
  if (wallet === undefined || held === undefined) throw new Error('the wallet was not locked')
  return {
    transferId: done.draft.id,
    amount: String(input.amount.amount),
    currency: input.amount.currency,
    balance: String(wallet.balance + held.balance),
    available: String(wallet.balance + (wallet.creditLimit ?? 0n)),
    reason: input.reason,
    reference: input.reference,
    createdAt: done.createdAt.toISOString()
  }
}
