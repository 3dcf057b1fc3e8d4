/** A product is what a buyer looks for; its SKUs are what is priced and stocked. */
import type { SaleState } from './state.ts'

export const PRODUCT_KINDS = ['card', 'topup', 'bundle'] as const

export type ProductKind = (typeof PRODUCT_KINDS)[number]

/** Resellers are shown a product with all its SKUs in one piece. */
export const PRODUCT_SKUS_MAX = 2_000

export interface Product {
  readonly id: string
  readonly name: string
  readonly category: string
  /** Fixed after creation: orders of cards and of top-ups are fulfilled in different ways. */
  readonly kind: ProductKind
  readonly description: string | null
  readonly state: SaleState
  readonly createdAt: Date
  readonly updatedAt: Date
}

export type ProductDraft = Pick<Product, 'name' | 'category' | 'kind' | 'description'>

export type ProductPatch = Partial<Pick<Product, 'name' | 'category' | 'description'>>
