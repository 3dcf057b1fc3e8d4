import type { Queryable } from '../kit/db/index.ts'
import { findAccounts, listEntries, type PostedEntry } from '../ledger/index.ts'
import { heldKey, walletKey } from './accounts.ts'
import { readWallet } from './read-wallet.ts'

/** `available`: what can be spent. `held`: what waits for the outcome of orders. */
export const WALLET_ACCOUNTS = ['available', 'held'] as const

export type WalletAccount = (typeof WALLET_ACCOUNTS)[number]

export interface EntriesOf {
  readonly resellerId: string
  readonly account: WalletAccount
  readonly currency: string
  /** Only entries older than this account version. */
  readonly before?: bigint | undefined
  readonly limit: number
}

/** The movements of one side of a wallet, newest first. Throws nothing of its own. */
export async function listWalletEntries(db: Queryable, { resellerId, account, currency, before, limit }: EntriesOf): Promise<PostedEntry[]> {
  const key = account === 'available' ? walletKey(resellerId, currency) : heldKey(resellerId, currency)
  const [found] = await findAccounts(db, [key])
  return found === undefined ? [] : await listEntries(db, found.id, { before, limit })
}

/** The currency that is meant when none is named. Throws: not_found. */
export async function defaultCurrency(db: Queryable, resellerId: string, currency: string | undefined): Promise<string> {
  return (await readWallet(db, resellerId, currency)).currency
}
