export const ACCOUNT_STATES = ['active', 'paused'] as const

/** Those who have a login: resellers buy, suppliers deliver. */
export type AccountKind = 'reseller' | 'supplier'

export interface Reseller {
  readonly id: string
  readonly name: string
  /** Paused: each of its keys is answered `account_suspended`. */
  readonly state: (typeof ACCOUNT_STATES)[number]
  readonly createdAt: Date
  readonly updatedAt: Date
  /** The price tier; null: base prices. */
  readonly tier: string | null
  /** The currency of the wallet; never changes, because money and caps are counted in it. */
  readonly currency: string
}
