import type { Amount, Currency } from '../../kit/money.ts'

/** What is known of a supplier by asking it. */
export interface SyncState {
  /** When its products were last read to the end; null: never. */
  readonly syncedAt: Date | null
  /** Turns in a row that did not go well. */
  readonly failures: number
  readonly detail: string | null
  readonly balance: { readonly amount: Amount; readonly currency: Currency; readonly at: Date; readonly isLow: boolean } | null
}

export const NEVER_SYNCED: SyncState = { syncedAt: null, failures: 0, detail: null, balance: null }
