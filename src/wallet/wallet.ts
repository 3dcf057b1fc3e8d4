/** A reseller's money in one currency, and the bounds of what may be moved. Pure. */
import { invalid } from '../kit/errors.ts'
import type { Money } from '../kit/money.ts'
import type { AccountState } from '../ledger/index.ts'
import { HELD_KIND, WALLET_KIND } from './accounts.ts'

export interface Wallet {
  readonly currency: string
  /** All of it: what can be spent and what is held for orders. Negative while a credit line is used. */
  readonly balance: bigint
  readonly held: bigint
  /** What the next order may cost: without what is held, with the credit line. */
  readonly available: bigint
  readonly creditLimit: bigint
}

/** One million million units of the currency: the largest sum that may be moved by hand at once. */
const MOVEMENT_MAX = 10n ** 12n * 10_000n
/** Beyond it a wallet takes no more credit. With both bounds no account and no sum comes near the end of a bigint. */
export const WALLET_MAX = 10n ** 13n * 10_000n

const emptyWallet = (currency: string): Wallet => ({ currency, balance: 0n, held: 0n, available: 0n, creditLimit: 0n })

/** From the accounts of one owner, in any order; those of other currencies are passed over. */
export function walletOf(accounts: readonly AccountState[], currency: string): Wallet {
  const own = accounts.filter(account => account.currency === currency)
  const spendable = own.find(account => account.kind === WALLET_KIND)
  if (spendable === undefined) return emptyWallet(currency)
  const held = own.find(account => account.kind === HELD_KIND)?.balance ?? 0n
  const creditLimit = spendable.creditLimit ?? 0n
  return { currency, balance: spendable.balance + held, held, available: spendable.balance + creditLimit, creditLimit }
}

/** Throws: validation_failed. */
export function assertMovable({ amount }: Money, pointer: string): void {
  if (amount <= 0n) throw invalid(`${pointer}/amount`, 'must be greater than zero')
  if (amount > MOVEMENT_MAX) throw invalid(`${pointer}/amount`, 'must not be greater than 1000000000000')
}

/** Throws: validation_failed. */
export function assertLimit({ amount }: Money, pointer: string): void {
  if (amount > MOVEMENT_MAX) throw invalid(`${pointer}/amount`, 'must not be greater than 1000000000000')
}
