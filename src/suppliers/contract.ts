/**
 * What a supplier's API must be able to say. An adapter translates one system's wire format into these words and keeps no state;
 * money, orders and retries are decided by those who call it.
 *
 * Two rules that no adapter may skip: what is not a definite answer is `unknown`, and an unsigned part of a callback is a hint
 * that is asked for again, never a fact.
 */

import type { Currency } from '../kit/money.ts'
import type { OutboundHttp } from '../kit/outbound-http.ts'

export interface SupplierCapabilities {
  /** `sync`: `place` brings the cards. `async`: they are fetched later. `either`: it says which. */
  readonly issuance: 'sync' | 'async' | 'either'
  /** Pushes order results or product changes to us. */
  readonly callback: boolean
  readonly cancel: boolean
  readonly listProducts: boolean
  /** The supplier itself refuses an order above `maxUnitCost`. */
  readonly priceGuard: boolean
  /** `query` finds an order by our reference. Without it and without `idempotentPlace`, an unknown result needs a person. */
  readonly queryByReference: boolean
  /** The same reference placed again gives the same order, never a second one. */
  readonly idempotentPlace: boolean
  readonly cards: boolean
  readonly topUps: boolean
  readonly maxQuantity: number
  readonly referenceMaxLength: number
  readonly cardKinds: readonly CardKind[]
  /** `not_found` for our reference means nothing before the order is this old. */
  readonly quietTimeMs: number
  /** An order that is still unclear at this age goes to a person. */
  readonly reviewAfterMs: number
  /** Null: none is known. */
  readonly rateLimit: { readonly requests: number; readonly perMs: number } | null
}

export type CardKind = 'text' | 'image' | 'link'

export interface SuppliedCard {
  readonly number: string | null
  readonly secret: string
  readonly kind: CardKind
  readonly expiresAt: Date | null
}

/** Why a supplier certainly did not sell. `no_funds` and `auth` concern all orders at this supplier. */
export type RefusalKind =
  | 'out_of_stock'
  | 'price_exceeded'
  | 'no_funds'
  | 'product_unavailable'
  | 'invalid_request'
  | 'auth'
  | 'rate_limited'
  | 'rejected'

export interface PlaceRequest {
  /** Ours, unique for ever; sent as the supplier's own idempotency or external number. */
  readonly reference: string
  readonly productCode: string
  readonly quantity: number
  /** In 1/10000 of `currency` a unit. An adapter without `priceGuard` compares with a fresh quote before it places. */
  readonly maxUnitCost: bigint
  readonly currency: Currency
  /** What the SKU's input schema asked the buyer for; for top-ups. */
  readonly input: Readonly<Record<string, string>> | null
  /** Where the supplier may push the result; null: nowhere. */
  readonly notifyUrl: string | null
  /**
   * True: this reference was placed before and the result is not known (for suppliers with `idempotentPlace` and no
   * `queryByReference`). Prices are not compared then, and a request that could not be sent is `unknown`.
   */
  readonly again?: boolean
}

export type PlaceResult =
  | { readonly kind: 'fulfilled'; readonly upstreamId: string | null; readonly cards: readonly SuppliedCard[]; readonly unitCost: bigint | null }
  | { readonly kind: 'accepted'; readonly upstreamId: string | null }
  | { readonly kind: 'refused'; readonly refusal: RefusalKind; readonly detail: string }
  /** Time-out, broken connection, 5xx, an unknown code, an answer that cannot be read: it may have been sold. */
  | { readonly kind: 'unknown'; readonly detail: string }

export interface OrderLookup {
  readonly reference: string
  readonly upstreamId: string | null
}

export type QueryResult =
  | { readonly kind: 'pending'; readonly upstreamId: string | null }
  /** `cards` is empty for a top-up. */
  | { readonly kind: 'fulfilled'; readonly upstreamId: string | null; readonly cards: readonly SuppliedCard[]; readonly unitCost: bigint | null }
  /** Fewer cards than ordered, and no more will come. */
  | { readonly kind: 'partial'; readonly upstreamId: string | null; readonly cards: readonly SuppliedCard[] }
  | { readonly kind: 'failed'; readonly refusal: RefusalKind; readonly detail: string }
  /** Counts only after the quiet time, and only if it is said again. */
  | { readonly kind: 'not_found' }
  | { readonly kind: 'unknown'; readonly detail: string }

export type CancelResult =
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'unknown'; readonly detail: string }

export interface SupplierProduct {
  readonly code: string
  readonly name: string
  readonly unitCost: bigint
  readonly currency: Currency
  /** Null: the supplier does not say. */
  readonly stock: number | null
  readonly onSale: boolean
}

export interface ProductPage {
  readonly products: readonly SupplierProduct[]
  /** Null: this was the last page. */
  readonly nextCursor: string | null
}

export interface SupplierBalance {
  readonly amount: bigint
  readonly currency: Currency
}

/** What a verified callback says, as far as its signature covers it. */
export type SupplierEvent =
  /** Ask the supplier about this order now. */
  | { readonly kind: 'order_changed'; readonly reference: string | null; readonly upstreamId: string | null }
  | {
      readonly kind: 'product_changed'
      readonly code: string
      readonly unitCost: bigint | null
      readonly stock: number | null
      readonly onSale: boolean | null
    }

export interface CallbackAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

export type CallbackResult =
  | { readonly kind: 'events'; readonly events: readonly SupplierEvent[]; readonly acknowledgement: CallbackAnswer }
  | { readonly kind: 'refused'; readonly reason: string }

/** One supplier with its credentials. Calls throw nothing but programming errors: what goes wrong on the wire is a result. */
export interface SupplierClient {
  ping(): Promise<{ readonly ok: boolean; readonly detail: string }>
  /** Null: the supplier does not tell, or not now. */
  balance(): Promise<SupplierBalance | null>
  listProducts(cursor: string | null, updatedSince: Date | null): Promise<ProductPage | null>
  /** Null: unknown right now. */
  checkStock(productCode: string, quantity: number): Promise<number | null>
  quote(productCode: string, quantity: number): Promise<{ readonly unitCost: bigint; readonly currency: Currency } | null>
  place(request: PlaceRequest): Promise<PlaceResult>
  query(order: OrderLookup): Promise<QueryResult>
  cancel(order: OrderLookup): Promise<CancelResult>
  /**
   * Verifies before it parses. `headers` are lower case, and `:path` is the path that was called, which some signatures cover;
   * `rawBody` is what was sent, byte for byte.
   */
  parseWebhook(headers: Readonly<Record<string, string>>, rawBody: Buffer, query: Readonly<Record<string, string>>): CallbackResult
}

export interface SupplierAdapter {
  /** As in `POST /v1/admin/suppliers` `{ adapter }`. */
  readonly name: string
  readonly title: string
  readonly capabilities: SupplierCapabilities
  /** JSON schema of `config`; properties marked `writeOnly` are credentials. */
  readonly configSchema: object
  /** Throws `validation_failed` for a config that the schema cannot refuse. */
  connect(config: Readonly<Record<string, unknown>>, http: OutboundHttp): SupplierClient
}
