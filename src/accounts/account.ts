/** Those who have a login: resellers buy, suppliers deliver. */
export const ACCOUNT_STATES = ['active', 'paused'] as const

export type AccountKind = 'reseller' | 'supplier'

interface Account {
  readonly id: string
  readonly name: string
  /** Paused: each of its keys is answered `account_suspended`. */
  readonly state: (typeof ACCOUNT_STATES)[number]
  readonly createdAt: Date
  readonly updatedAt: Date
}

export type Supplier = Account

export interface Reseller extends Account {
  /** The price tier; null: base prices. */
  readonly tier: string | null
  /** The currency of the wallet; never changes, because money and caps are counted in it. */
  readonly currency: string
}
