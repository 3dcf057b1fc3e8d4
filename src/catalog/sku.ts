/** The thing that is priced, stocked and ordered. Pure rules; pointers name fields of the request body. */
import { canonicalJson } from '../kit/canonical-json.ts'
import { invalid } from '../kit/errors.ts'
import type { Amount, Currency, Money } from '../kit/money.ts'
import type { ChangeKind } from './change.ts'
import { checkInputSchema, type InputSchema } from './input-schema.ts'
import type { SaleState } from './state.ts'

export const CARD_KINDS = ['text', 'image', 'link'] as const

export type CardKind = (typeof CARD_KINDS)[number]

/** One order locks and decrypts this many cards in one transaction; beyond it other buyers wait too long. */
export const QUANTITY_MAX = 10_000
export const MAX_QUANTITY_DEFAULT = 1_000
/** A billion units: times `QUANTITY_MAX` it still fits a PostgreSQL bigint a hundred times over. */
export const UNIT_PRICE_MAX: Amount = 1_000_000_000n * 10_000n

export interface Sku {
  readonly id: string
  readonly productId: string
  /** Fixed after creation: shops and suppliers map their own articles to it. */
  readonly code: string
  readonly name: string
  /** Fixed after creation: orders, prices and quotes of the SKU are in it. */
  readonly currency: Currency
  readonly price: Amount
  readonly minQuantity: number
  readonly maxQuantity: number
  readonly cardKind: CardKind
  readonly inputSchema: InputSchema | null
  readonly instructions: string | null
  readonly lowStockThreshold: number
  readonly state: SaleState
  readonly available: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

export type SkuDraft = Omit<Sku, 'id' | 'state' | 'available' | 'createdAt' | 'updatedAt'>

export type SkuPatch = Partial<
  Pick<Sku, 'name' | 'minQuantity' | 'maxQuantity' | 'cardKind' | 'inputSchema' | 'instructions' | 'lowStockThreshold'>
> & { readonly price?: Money }

/** Throws: `validation_failed`. */
export function checkUnitPrice(amount: Amount, pointer: string): void {
  if (amount < 0n) throw invalid(`${pointer}/amount`, 'must not be negative')
  if (amount > UNIT_PRICE_MAX) throw invalid(`${pointer}/amount`, 'must be at most 1000000000')
}

/** What must hold between the fields of a SKU. Throws: `validation_failed`. */
export function checkSku(sku: Pick<Sku, 'price' | 'minQuantity' | 'maxQuantity' | 'inputSchema'>): void {
  checkUnitPrice(sku.price, '/price')
  if (sku.maxQuantity < sku.minQuantity) throw invalid('/maxQuantity', 'must not be below minQuantity')
  if (sku.inputSchema !== null) checkInputSchema(sku.inputSchema, '/inputSchema')
}

/** The SKU after a change. Throws: `validation_failed`. */
export function applyPatch(sku: Sku, { price, ...fields }: SkuPatch): Sku {
  if (price !== undefined && price.currency !== sku.currency) {
    throw invalid('/price/currency', `must be ${sku.currency}: the currency of a SKU is fixed`)
  }
  const after = { ...sku, ...fields, price: price?.amount ?? sku.price }
  checkSku(after)
  return after
}

const LISTED = ['name', 'minQuantity', 'maxQuantity', 'cardKind', 'instructions', 'state'] as const

/** What resellers must be told about a change; empty when they cannot see it. */
export function changeKinds(before: Sku, after: Sku): ChangeKind[] {
  const listed = LISTED.some(field => before[field] !== after[field]) || canonicalJson(before.inputSchema) !== canonicalJson(after.inputSchema)
  return [...(before.price === after.price ? [] : (['price'] as const)), ...(listed ? (['listing'] as const) : [])]
}
