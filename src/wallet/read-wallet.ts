import type { Queryable } from '../kit/db/index.ts'
import { listAccounts } from '../ledger/index.ts'
import { WALLET_KIND } from './accounts.ts'
import { requireReseller } from './adjust-wallet.ts'
import { type Wallet, walletOf } from './wallet.ts'

/**
 * The wallet in this currency, or without one in the only currency there is, or in the reseller's. A wallet that was never credited is
 * empty. Always read from the primary: a replica may show money that is spent.
 * Throws: not_found.
 */
export async function readWallet(db: Queryable, resellerId: string, currency?: string): Promise<Wallet> {
  const [reseller, accounts] = await Promise.all([requireReseller(db, resellerId), listAccounts(db, resellerId)])
  const wallets = accounts.filter(account => account.kind === WALLET_KIND)
  const only = wallets.length === 1 ? wallets[0]?.currency : undefined
  return walletOf(accounts, currency ?? only ?? reseller.currency)
}
