import type { Db } from '../kit/db/index.ts'
import type { Money } from '../kit/money.ts'
import { lockAccounts, readAccounts, setCreditLimit } from '../ledger/index.ts'
import { requireReseller } from './adjust-wallet.ts'
import { settleAlert } from './check-alerts.ts'
import { openWallet } from './credit-wallet.ts'
import { assertLimit, type Wallet, walletOf } from './wallet.ts'

/**
 * Agrees how far below zero the wallet may go; opens the wallet if there is none in this currency.
 * Throws: validation_failed, not_found, state_conflict (more than that is owed already).
 */
export async function setWalletCreditLimit(db: Db, input: { readonly resellerId: string; readonly creditLimit: Money }): Promise<Wallet> {
  const { amount, currency } = input.creditLimit
  assertLimit(input.creditLimit, '/creditLimit')
  await requireReseller(db, input.resellerId)
  return await db.tx(async tx => {
    const accounts = await openWallet(tx, input.resellerId, currency)
    await lockAccounts(tx, [accounts.wallet])
    await settleAlert(tx, accounts.wallet)
    await setCreditLimit(tx, accounts.wallet, amount)
    return walletOf(await readAccounts(tx, [accounts.wallet, accounts.held]), currency)
  })
}
