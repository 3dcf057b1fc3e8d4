/** The ledger accounts that wallets and the platform are made of. */
import type { AccountKey, NewAccount } from '../ledger/index.ts'

/** What can be spent, and what waits for the outcome of an order. The balance shown is the sum of both. */
export interface WalletAccounts {
  readonly wallet: string
  readonly held: string
}

/** `revenue`: what orders paid. `funding`: the other side of money that entered or left by an operator's hand. */
export type PlatformKind = 'revenue' | 'funding'

/** One such row would cap the whole hub near 600 orders/s; each batch of orders picks a shard. */
export const PLATFORM_SHARDS = 16

export const WALLET_KIND = 'wallet'
export const HELD_KIND = 'wallet_held'

export const walletKey = (resellerId: string, currency: string): AccountKey => ({ ownerId: resellerId, kind: WALLET_KIND, currency, shard: 0 })

export const heldKey = (resellerId: string, currency: string): AccountKey => ({ ownerId: resellerId, kind: HELD_KIND, currency, shard: 0 })

/** The wallet first, then what is held. Neither may go below zero until a credit limit is agreed. */
export const newWallet = (resellerId: string, currency: string): NewAccount[] =>
  [walletKey(resellerId, currency), heldKey(resellerId, currency)].map(key => ({ ...key, creditLimit: 0n }))

/** All shards of revenue, then all shards of funding. Platform accounts have no bound. */
export const platformKeys = (currency: string): NewAccount[] =>
  (['revenue', 'funding'] as const).flatMap(kind =>
    Array.from({ length: PLATFORM_SHARDS }, (_, shard) => ({ ownerId: null, kind, currency, shard, creditLimit: null }))
  )
