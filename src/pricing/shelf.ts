/** A page of products with what is on sale of each: three statements at most, however many SKUs. */
import {
  type Listing,
  type Listings,
  listActiveSkusOf,
  listProducts,
  type Page,
  PRODUCT_SKUS_MAX,
  type Product,
  type ProductKind
} from '../catalog/index.ts'
import type { Queryable } from '../kit/db/index.ts'

export interface ShelfFilter {
  readonly category: string | undefined
  readonly kind: ProductKind | undefined
}

export interface ShelfItem {
  readonly product: Product
  readonly listings: readonly Listing[]
}

/** `next` is the id to go on after; null: the last page. */
export interface Shelf {
  readonly items: readonly ShelfItem[]
  readonly next: string | null
}

/** A page is cut before the product that would bring it above this; one product alone may have as many. */
const PAGE_SKUS_MAX = PRODUCT_SKUS_MAX

export async function readShelf(deps: { db: Queryable; listings: Listings }, filter: ShelfFilter, { before, limit }: Page): Promise<Shelf> {
  const found = await listProducts(deps.db, { ...filter, state: 'active' }, { before, limit: limit + 1 })
  const wanted = found.slice(0, limit)
  if (wanted.length === 0) return { items: [], next: null }
  const skus = await listActiveSkusOf(
    deps.db,
    wanted.map(({ id }) => id),
    PAGE_SKUS_MAX + 1
  )
  const shown = wanted.slice(0, wholeProducts(wanted, skus))
  const byProduct = Map.groupBy(skus.slice(0, PAGE_SKUS_MAX), ({ productId }) => productId)
  const shownSkus = shown.flatMap(({ id }) => byProduct.get(id) ?? [])
  const listings = await deps.listings.many(shownSkus.map(({ id }) => id))
  const items = shown.map(product => ({
    product,
    listings: (byProduct.get(product.id) ?? []).flatMap(({ id }) => listings.get(id) ?? [])
  }))
  return { items, next: found.length > shown.length ? (shown.at(-1)?.id ?? null) : null }
}

/** How many of the products have all their SKUs among those that were read; at least one, or no page would ever end. */
function wholeProducts(products: readonly Product[], skus: readonly { productId: string }[]): number {
  if (skus.length <= PAGE_SKUS_MAX) return products.length
  const cut = products.findIndex(({ id }) => id === skus.at(-1)?.productId)
  return Math.max(1, cut)
}
