/** A payment that a reseller announced; an operator credits it when the money is there, or declines it. */
export const TOP_UP_STATES = ['pending', 'credited', 'declined'] as const

export type TopUpState = (typeof TOP_UP_STATES)[number]

export interface TopUp {
  readonly id: string
  readonly resellerId: string
  readonly amount: bigint
  readonly currency: string
  readonly state: TopUpState
  /** The reseller's name for the payment, such as a bank reference; unique while it is not declined. */
  readonly reference: string | null
  /** Why it was declined. */
  readonly reason: string | null
  /** The transfer that credited it. */
  readonly transferId: string | null
  readonly createdAt: Date
  readonly decidedAt: Date | null
  readonly decidedBy: string | null
}
