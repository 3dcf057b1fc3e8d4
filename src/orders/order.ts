/** The order and what is decided about it; no I/O. Amounts are bigint in 1/10000 of the currency unit, ids are bare uuids. */
import type { AllocationRequest, CardSecret, StoredCard } from '../inventory/index.ts'
import type { DomainError } from '../kit/errors.ts'
import type { Price } from '../pricing/index.ts'
import type { OrderState } from './states.ts'

export interface Order {
  readonly id: string
  readonly resellerId: string
  readonly reference: string | null
  readonly state: OrderState
  readonly skuId: string
  readonly quantity: number
  readonly currency: string
  readonly unitPrice: bigint
  readonly total: bigint
  /** What the wallet could still spend right after this order, without the credit line. */
  readonly balanceAfter: bigint
  /** Which rule set the unit price. */
  readonly priceRule: Price['rule']
  /** Whether the answer to the order shows the cards. */
  readonly reveal: boolean
  readonly metadata: Readonly<Record<string, string>> | null
  readonly createdAt: Date
  readonly fulfilledAt: Date | null
  /** When a person looks at it, if its purchase is still unclear; null: not being bought. */
  readonly deadlineAt: Date | null
  /** Units that a supplier delivered; null: never bought upstream. */
  readonly delivered: number | null
}

/** What the caller asked for, after validation. */
export interface OrderRequest {
  readonly resellerId: string
  readonly tier: string | null
  readonly apiKeyId: string | null
  readonly dailySpendCap: bigint | null
  readonly spendCurrency: string | null
  readonly requestId: string
  readonly idempotencyKey: string
  readonly requestHash: Buffer
  readonly skuId: string
  readonly quantity: number
  readonly reference: string | null
  readonly maxUnitPrice: { readonly amount: bigint; readonly currency: string } | null
  readonly quoteId: string | null
  /** Of a candidate: sealed. */
  readonly input: Readonly<Record<string, string>> | null
  readonly reveal: boolean
  readonly backorder: boolean
  /** Nothing is bought for it: whoever ordered can only be given what is there. */
  readonly ownStockOnly?: boolean
  readonly metadata: Readonly<Record<string, string>> | null
}

/** A priced order on its way through the allocator. */
export interface OrderCandidate extends AllocationRequest {
  readonly id: string
  readonly request: OrderRequest
  readonly price: Price
  /** The revision of the listing that the price was taken from. */
  readonly revision: bigint
  /** Sources can bring what own stock lacks. */
  readonly sourced: boolean
  /** It is expected to be bought, so what it needs for that is locked too. */
  readonly reserve: boolean
  /** It is charged to an account, without cards. */
  readonly isTopUp: boolean
  /** Null: the reseller has no wallet in this currency. */
  readonly wallet: { readonly wallet: string; readonly held: string } | null
}

export interface DeliveredCard extends CardSecret {
  readonly id: string
  readonly expiresAt: Date | null
}

export interface PlacedOrder {
  readonly order: Order
  /** Empty unless the order is fulfilled and asked to see its cards. */
  readonly cards: readonly DeliveredCard[]
}

/** What a batch says about one candidate. */
export type PlaceOutcome =
  | { readonly kind: 'placed'; readonly placed: PlacedOrder }
  | { readonly kind: 'existing'; readonly order: ExistingOrder }
  | { readonly kind: 'refused'; readonly error: DomainError }
  /** The listing changed after the candidate was priced: price it again. */
  | { readonly kind: 'stale' }

export interface ExistingOrder extends Order {
  readonly idempotencyKey: string
  readonly requestHash: Buffer
}

/** A decision that will be written: the order and the cards that it gets. */
export interface Placement {
  readonly candidate: OrderCandidate
  readonly state: 'fulfilled' | 'backordered' | 'reserved' | 'submitting'
  readonly cards: readonly StoredCard[]
  readonly balanceAfter: bigint
  /** Of one that is being bought: when a person looks at it. */
  readonly reviewAfterMs?: number
}
