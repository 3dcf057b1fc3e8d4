/** Accounts and what may be taken from them. Amounts are in 1/10000 of the account's currency unit. */

/** What names an account, once and for all. Platform accounts have no owner. */
export interface AccountKey {
  readonly ownerId: string | null
  readonly kind: string
  readonly currency: string
  /** Accounts that every order touches are split into shards, so that each batch locks a different row. */
  readonly shard: number
}

export interface AccountState extends AccountKey {
  readonly id: string
  readonly balance: bigint
  /** The number of entries so far; the next entry gets the next number. */
  readonly version: bigint
  /** How far below zero the balance may go; null: no bound. */
  readonly creditLimit: bigint | null
}

export interface NewAccount extends AccountKey {
  readonly creditLimit: bigint | null
}

/**
 * No balance may pass this in either direction: a PostgreSQL bigint ends at 9.22 × 10^18, and the headroom lets `balance + creditLimit`
 * be computed without overflow. Beyond it nothing is posted.
 */
export const BALANCE_MAX = 4_000_000_000_000_000_000n

/** True if `amount` can be taken from the account without passing its credit limit. */
export const covers = (account: AccountState, amount: bigint): boolean =>
  account.creditLimit === null || account.balance - amount + account.creditLimit >= 0n
