/**
 * Every way in which money moves, as a draft for the ledger's book. Pure. Amounts are positive: an order that costs nothing moves no
 * money and has no transfer. (order id, kind, step) names a movement, and the ledger refuses the second one of the same name.
 */
import { newId } from '../kit/ids.ts'
import type { TransferDraft } from '../ledger/index.ts'
import type { WalletAccounts } from './accounts.ts'

export interface OrderMovement {
  readonly orderId: string
  readonly currency: string
  readonly amount: bigint
  /** Counts movements of one kind within an order, such as the captures of a partial delivery; from 0. */
  readonly step?: number
}

/** Paid at once: wallet → revenue. */
export const chargeDraft = (movement: OrderMovement, accounts: WalletAccounts, revenue: string): TransferDraft =>
  move('order.charge', movement, accounts.wallet, revenue)

/** Set aside until the order's outcome is known: wallet → held. */
export const holdDraft = (movement: OrderMovement, accounts: WalletAccounts): TransferDraft =>
  move('order.hold', movement, accounts.wallet, accounts.held)

/** Delivered: held → revenue. */
export const captureDraft = (movement: OrderMovement, accounts: WalletAccounts, revenue: string): TransferDraft =>
  move('order.capture', movement, accounts.held, revenue)

/** Not delivered: held → wallet. */
export const releaseDraft = (movement: OrderMovement, accounts: WalletAccounts): TransferDraft =>
  move('order.release', movement, accounts.held, accounts.wallet)

/** Given back after it was paid: revenue → wallet. */
export const refundDraft = (movement: OrderMovement, accounts: WalletAccounts, revenue: string): TransferDraft =>
  move('order.refund', movement, revenue, accounts.wallet)

export interface FundingMovement {
  /** What the money came or went for: a top-up, or an operator's credit or debit. */
  readonly subjectId: string
  readonly currency: string
  readonly amount: bigint
  readonly note?: string
}

/** Money arrived: funding → wallet. */
export const creditDraft = (movement: FundingMovement, accounts: WalletAccounts, funding: string): TransferDraft =>
  fund('wallet.credit', movement, funding, accounts.wallet)

/** An operator took money out: wallet → funding. */
export const debitDraft = (movement: FundingMovement, accounts: WalletAccounts, funding: string): TransferDraft =>
  fund('wallet.adjust', movement, accounts.wallet, funding)

function move(kind: string, movement: OrderMovement, from: string, to: string): TransferDraft {
  const { orderId, currency, amount, step = 0 } = movement
  return {
    id: newId(),
    kind,
    subjectId: orderId,
    step,
    currency,
    entries: [
      { accountId: from, amount: -amount },
      { accountId: to, amount }
    ]
  }
}

function fund(kind: string, movement: FundingMovement, from: string, to: string): TransferDraft {
  const { subjectId, currency, amount, note } = movement
  return {
    id: newId(),
    kind,
    subjectId,
    step: 0,
    currency,
    ...(note === undefined ? {} : { note }),
    entries: [
      { accountId: from, amount: -amount },
      { accountId: to, amount }
    ]
  }
}
