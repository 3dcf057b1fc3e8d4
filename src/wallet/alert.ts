/** When a wallet runs low. Pure. */
import { toMoneyText } from '../kit/money.ts'
import type { OutboxEvent } from '../kit/outbox.ts'

export interface WalletAlert {
  readonly resellerId: string
  readonly currency: string
  readonly accountId: string
  /** Less than this may be spent: it is low. */
  readonly threshold: bigint
  readonly isLow: boolean
}

/** Some entries of a wallet since it was looked at, and how it stands. */
export interface WalletHistory extends WalletAlert {
  /** What could be spent after each entry that took it below the threshold. */
  readonly crossings: readonly bigint[]
  /** After the last of these entries; null: there are none. */
  readonly endedLow: boolean | null
  /** The last of these entries. */
  readonly upTo: bigint
  /** The last entry there is. */
  readonly version: bigint
  /** What may be spent now. */
  readonly available: bigint
  readonly creditLimit: bigint
}

export interface AlertCheck {
  readonly accountId: string
  readonly isLow: boolean
  readonly checkedVersion: bigint
  /** Null: there are entries left to look at, as the limit was before. */
  readonly checkedLimit: bigint | null
  readonly events: readonly OutboxEvent[]
}

const lowEvent = ({ resellerId, currency, accountId, threshold }: WalletAlert, available: bigint): OutboxEvent => ({
  type: 'wallet.low',
  resellerId,
  subjectId: accountId,
  data: { currency, available: toMoneyText(available, currency), threshold: toMoneyText(threshold, currency) }
})

/** One event for each time that it passed the threshold on the way down, by a movement or because its credit line was cut. */
export function checkAlert(history: WalletHistory): AlertCheck {
  const { accountId, threshold, crossings, upTo, version, available, creditLimit } = history
  const lowBefore = history.endedLow ?? history.isLow
  const isAtEnd = upTo === version
  const isLow = isAtEnd ? available < threshold : lowBefore
  const spendable = isAtEnd && isLow && !lowBefore ? [...crossings, available] : crossings
  return {
    accountId,
    isLow,
    checkedVersion: upTo,
    checkedLimit: isAtEnd ? creditLimit : null,
    events: spendable.map(each => lowEvent(history, each))
  }
}
