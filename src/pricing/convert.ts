/** From listings and prices to what a reseller sees. */
import type { Static } from 'typebox'
import { type FeedPosition, type Listing, type Product, supplyAt } from '../catalog/index.ts'
import { invalid } from '../kit/errors.ts'
import { parseId, toApiId } from '../kit/ids.ts'
import { toMoneyText } from '../kit/money.ts'
import { type Buyer, quantityBreaks } from './price.ts'
import type { Quote } from './quote.ts'
import type { ProductSchema, QuoteSchema, SkuSchema } from './schemas.ts'

export function toApiSku(listing: Listing, buyer: Buyer): Static<typeof SkuSchema> {
  const { currency, inputSchema, instructions } = listing
  const breaks = quantityBreaks(listing, buyer)
  const supply = supplyAt(listing, breaks[0].unitPrice)
  return {
    id: toApiId('sku', listing.skuId),
    productId: toApiId('product', listing.productId),
    code: listing.code,
    name: listing.name,
    kind: listing.kind,
    price: toMoneyText(breaks[0].unitPrice, currency),
    quantityBreaks: breaks.map(({ minQuantity, unitPrice }) => ({ minQuantity, unitPrice: toMoneyText(unitPrice, currency) })),
    stock: listing.available + supply.available,
    ...(supply.isOpen ? { onDemand: true } : {}),
    minQuantity: listing.minQuantity,
    maxQuantity: listing.maxQuantity,
    cardKind: listing.cardKind,
    ...(inputSchema === null ? {} : { inputSchema }),
    ...(instructions === null ? {} : { instructions }),
    state: listing.onSale ? 'active' : 'paused'
  }
}

/** A SKU that was paused since it was listed is left out. */
export const toApiProduct = (
  { id, name, category, kind, description }: Product,
  listings: readonly Listing[],
  buyer: Buyer
): Static<typeof ProductSchema> => ({
  id: toApiId('product', id),
  name,
  category,
  kind,
  ...(description === null ? {} : { description }),
  skus: listings.filter(listing => listing.onSale).map(listing => toApiSku(listing, buyer))
})

export const toApiQuote = ({ id, skuId, quantity, price, expiresAt }: Quote): Static<typeof QuoteSchema> => ({
  id: toApiId('quote', id),
  skuId: toApiId('sku', skuId),
  quantity,
  unitPrice: toMoneyText(price.unitPrice, price.currency),
  total: toMoneyText(price.total, price.currency),
  rule: price.rule,
  parts: price.parts.map(part => ({ ...part, unitPrice: toMoneyText(part.unitPrice, price.currency) })),
  expiresAt: expiresAt.toISOString()
})

export const toCursorValues = ({ xid, seq }: FeedPosition): [string, string] => [xid, seq]

export const fromCursorValues = ([xid, seq]: readonly (string | number)[]): FeedPosition => ({ xid: String(xid), seq: String(seq) })

export function fromBodySkuId(text: string): string {
  const skuId = parseId('sku', text)
  if (skuId === null) throw invalid('/skuId', 'is not the id of a SKU')
  return skuId
}
