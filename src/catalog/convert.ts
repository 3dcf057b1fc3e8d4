/** The mapping between rows, domain and wire. */
import type { Static } from 'typebox'
import { invalid } from '../kit/errors.ts'
import { parseId, toApiId } from '../kit/ids.ts'
import { fromMoneyText, toMoneyText } from '../kit/money.ts'
import type { InputSchema } from './input-schema.ts'
import type { ListingData } from './listing.ts'
import type { PriceDraft, PriceRow } from './price-rows.ts'
import type { Product, ProductKind } from './product.ts'
import type { SkuFilter } from './repository.ts'
import type { AdminProductSchema, AdminSkuSchema, CreateSku, SkuPriceSchema, SkuQuery, UpdateSku } from './schemas.ts'
import { type CardKind, MAX_QUANTITY_DEFAULT, type Sku, type SkuDraft, type SkuPatch } from './sku.ts'

export interface ListingRow {
  id: string
  product_id: string
  code: string
  name: string
  kind: ProductKind
  currency: string
  price: string
  min_quantity: number
  max_quantity: number
  card_kind: CardKind
  input_schema: InputSchema | null
  instructions: string | null
  low_stock_threshold: number
  on_sale: boolean
  offers: [unitCost: string, available: number | null][] | null
  margin_floor: string | null
  max_cost: string | null
  revision: string
  available: number
  prices: [tier: string | null, resellerId: string | null, minQuantity: number, unitPrice: string][] | null
}

export const fromListingRow = (row: ListingRow): ListingData => ({
  skuId: row.id,
  productId: row.product_id,
  code: row.code,
  name: row.name,
  kind: row.kind,
  currency: row.currency,
  price: BigInt(row.price),
  prices: (row.prices ?? []).map(([tier, resellerId, minQuantity, unitPrice]) => ({ tier, resellerId, minQuantity, unitPrice: BigInt(unitPrice) })),
  minQuantity: row.min_quantity,
  maxQuantity: row.max_quantity,
  cardKind: row.card_kind,
  inputSchema: row.input_schema,
  instructions: row.instructions,
  onSale: row.on_sale,
  offers: (row.offers ?? []).map(([unitCost, available]) => ({ unitCost: BigInt(unitCost), available })),
  marginFloor: BigInt(row.margin_floor ?? 0),
  maxCost: row.max_cost === null ? null : BigInt(row.max_cost),
  revision: BigInt(row.revision),
  available: row.available,
  lowStockThreshold: row.low_stock_threshold
})

/** For ids whose form the schema has checked already. */
function fromBodyId(kind: 'product' | 'reseller', text: string, pointer: string): string {
  const uuid = parseId(kind, text)
  if (uuid === null) throw invalid(pointer, `is not the id of a ${kind}`)
  return uuid
}

export const fromApiSkuQuery = ({ productId, code }: Static<typeof SkuQuery>): SkuFilter => ({
  productId: productId === undefined ? undefined : fromBodyId('product', productId, '/query/productId'),
  code
})

export const toApiProduct = ({ id, createdAt, updatedAt, ...product }: Product): Static<typeof AdminProductSchema> => ({
  id: toApiId('product', id),
  ...product,
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString()
})

export const toApiSku = ({ id, productId, price, currency, createdAt, updatedAt, ...sku }: Sku): Static<typeof AdminSkuSchema> => ({
  id: toApiId('sku', id),
  productId: toApiId('product', productId),
  ...sku,
  price: toMoneyText(price, currency),
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString()
})

export function fromApiSku(body: Static<typeof CreateSku>): SkuDraft {
  const price = fromMoneyText(body.price, '/price')
  return {
    productId: fromBodyId('product', body.productId, '/productId'),
    code: body.code,
    name: body.name,
    currency: price.currency,
    price: price.amount,
    minQuantity: body.minQuantity ?? 1,
    maxQuantity: body.maxQuantity ?? MAX_QUANTITY_DEFAULT,
    cardKind: body.cardKind ?? 'text',
    inputSchema: body.inputSchema ?? null,
    instructions: body.instructions ?? null,
    lowStockThreshold: body.lowStockThreshold ?? 0
  }
}

export const fromApiSkuPatch = ({ price, ...fields }: Static<typeof UpdateSku>): SkuPatch => ({
  ...fields,
  ...(price === undefined ? {} : { price: fromMoneyText(price, '/price') })
})

export const fromApiPrice = (price: Static<typeof SkuPriceSchema>, index: number): PriceDraft => ({
  tier: price.tier ?? null,
  resellerId: price.resellerId === undefined ? null : fromBodyId('reseller', price.resellerId, `/${index}/resellerId`),
  minQuantity: price.minQuantity ?? 1,
  unitPrice: fromMoneyText(price.unitPrice, `/${index}/unitPrice`)
})

/** Like it was put: an absent field stays absent. */
export const toApiPrice = ({ tier, resellerId, minQuantity, unitPrice }: PriceRow, currency: string): Static<typeof SkuPriceSchema> => ({
  ...(tier === null ? {} : { tier }),
  ...(resellerId === null ? {} : { resellerId: toApiId('reseller', resellerId) }),
  minQuantity,
  unitPrice: toMoneyText(unitPrice, currency)
})
