import type { Db, Tx } from '../kit/db/index.ts'
import { type IdempotentResult, once } from '../kit/idempotency.ts'
import { newId } from '../kit/ids.ts'
import { ensureAccounts } from '../ledger/index.ts'
import { newWallet, type WalletAccounts } from './accounts.ts'
import { type AdjustmentRecord, type AdjustWallet, adjust, fundingAccount, requireReseller, toRecord } from './adjust-wallet.ts'
import type { WalletDirectory } from './directory.ts'
import { creditDraft } from './templates.ts'
import { assertMovable } from './wallet.ts'

/**
 * Puts money into a reseller's wallet, and opens the wallet if there is none in this currency.
 * Throws: validation_failed, not_found, reference_taken, state_conflict, idempotency_key_reused, request_in_progress.
 */
export async function creditWallet(deps: { db: Db; wallets: WalletDirectory }, input: AdjustWallet): Promise<IdempotentResult<AdjustmentRecord>> {
  const { resellerId, amount, reason, reference, actor } = input
  assertMovable(amount, '/amount')
  await requireReseller(deps.db, resellerId)
  await deps.wallets.ensurePlatform(amount.currency)
  return await once(deps.db, { ownerId: input.callerId, key: input.key, hash: input.hash }, async tx => {
    const accounts = await openWallet(tx, resellerId, amount.currency)
    const movement = { subjectId: newId(), currency: amount.currency, amount: amount.amount, note: reason }
    const draft = creditDraft(movement, accounts, fundingAccount(deps.wallets, amount.currency))
    const done = await adjust(tx, { draft, accounts, resellerId, kind: 'credit', reference, actor })
    return toRecord(input, accounts, { ...done, draft })
  })
}

/** The accounts of the wallet, opened if they are not there. */
export async function openWallet(tx: Tx, resellerId: string, currency: string): Promise<WalletAccounts> {
  const [wallet, held] = await ensureAccounts(tx, newWallet(resellerId, currency))
  if (wallet === undefined || held === undefined) throw new Error('the wallet could not be opened')
  return { wallet: wallet.id, held: held.id }
}
