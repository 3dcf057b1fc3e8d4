import type { Db } from '../kit/db/index.ts'
import { type IdempotentResult, once } from '../kit/idempotency.ts'
import { newId } from '../kit/ids.ts'
import { insufficientFunds } from '../ledger/index.ts'
import { type AdjustmentRecord, type AdjustWallet, adjust, fundingAccount, requireReseller, toRecord } from './adjust-wallet.ts'
import type { WalletDirectory } from './directory.ts'
import { debitDraft } from './templates.ts'
import { assertMovable } from './wallet.ts'

/**
 * Takes money out of a reseller's wallet: never what is held for orders, and never beyond the credit line.
 * Throws: validation_failed, not_found, insufficient_funds, reference_taken, idempotency_key_reused, request_in_progress.
 */
export async function debitWallet(deps: { db: Db; wallets: WalletDirectory }, input: AdjustWallet): Promise<IdempotentResult<AdjustmentRecord>> {
  const { resellerId, amount, reason, reference, actor } = input
  const { currency } = amount
  assertMovable(amount, '/amount')
  await requireReseller(deps.db, resellerId)
  await deps.wallets.ensurePlatform(currency)
  await deps.wallets.load([{ resellerId, currency }])
  const accounts = deps.wallets.find(resellerId, currency)
  if (accounts === undefined) throw insufficientFunds()
  return await once(deps.db, { ownerId: input.callerId, key: input.key, hash: input.hash }, async tx => {
    const movement = { subjectId: newId(), currency, amount: amount.amount, note: reason }
    const draft = debitDraft(movement, accounts, fundingAccount(deps.wallets, currency))
    const done = await adjust(tx, { draft, accounts, resellerId, kind: 'debit', reference, actor })
    return toRecord(input, accounts, { ...done, draft })
  })
}
