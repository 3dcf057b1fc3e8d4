import type { Db } from '../kit/db/index.ts'
import { invalid } from '../kit/errors.ts'
import type { Money } from '../kit/money.ts'
import { lockAccounts } from '../ledger/index.ts'
import { requireReseller } from './adjust-wallet.ts'
import type { WalletAlert } from './alert.ts'
import { putAlert } from './alert-repository.ts'
import { settleAlert } from './check-alerts.ts'
import { openWallet } from './credit-wallet.ts'
import { assertLimit } from './wallet.ts'

/**
 * Says from which amount on the wallet in this currency counts as low; opens the wallet if there is none. A wallet that is low already is
 * told of when it has been above and falls again. Throws: validation_failed, not_found.
 */
export async function setWalletAlert(db: Db, { resellerId, threshold }: { resellerId: string; threshold: Money }): Promise<WalletAlert> {
  if (threshold.amount === 0n) throw invalid('/threshold/amount', 'must be greater than zero')
  assertLimit(threshold, '/threshold')
  await requireReseller(db, resellerId)
  return await db.tx(async tx => {
    const { wallet } = await openWallet(tx, resellerId, threshold.currency)
    await lockAccounts(tx, [wallet])
    await settleAlert(tx, wallet)
    return await putAlert(tx, { resellerId, accountId: wallet, threshold: threshold.amount })
  })
}
