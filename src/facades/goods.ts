/** What a shop can buy here, as pieces of goods: a product with its SKUs as variants, at the shop's own prices. */
import { findProduct, type Listing, type Listings, listActiveSkusOf, listSkuIdsOnSale, PRODUCT_SKUS_MAX, type Product } from '../catalog/index.ts'
import type { Db } from '../kit/db/index.ts'
import { parseId } from '../kit/ids.ts'
import { type Buyer, readShelf } from '../pricing/index.ts'
import type { FacadeLogin } from './login.ts'
import { findByNumber, numbersOf } from './number-repository.ts'
import { readKinds } from './repository.ts'
import { type Kind, type Layout, layOut } from './variant.ts'

export interface GoodsDeps {
  readonly db: Db
  readonly listings: Listings
}

export interface Goods extends Layout {
  readonly product: Product
  readonly number: number
}

/** Shops refuse longer lists. */
const GOODS_MAX = 10_000
const PAGE_PRODUCTS = 500

export const buyerOf = (login: FacadeLogin): Buyer => ({ resellerId: login.resellerId, tier: login.principal.tier })

/** A shop counts in one currency. Top-ups need a supplier, and all of their input fields must have names that a form can have. */
function isForShop(listing: Listing, login: FacadeLogin): boolean {
  if (listing.currency !== login.currency) return false
  return listing.kind !== 'topup' || listing.offers.length > 0
}

const assemble = (product: Product, number: number, listings: readonly Listing[], kinds: ReadonlyMap<string, Kind>, buyer: Buyer): Goods => ({
  product,
  number,
  ...layOut(listings, kinds, buyer)
})

/** All goods on sale, newest first. */
export async function listGoods(deps: GoodsDeps, login: FacadeLogin): Promise<Goods[]> {
  const found: { product: Product; listings: readonly Listing[] }[] = []
  let before: string | null = null
  do {
    const { items, next } = await readShelf(deps, { category: undefined, kind: undefined }, { before, limit: PAGE_PRODUCTS })
    for (const { product, listings } of items) {
      const sold = listings.filter(listing => listing.onSale && isForShop(listing, login))
      if (sold.length > 0) found.push({ product, listings: sold })
    }
    before = next
  } while (before !== null && found.length < GOODS_MAX)
  const shown = found.slice(0, GOODS_MAX)
  const [numbers, kinds] = await Promise.all([
    numbersOf(
      deps.db,
      shown.map(({ product }) => product.id)
    ),
    readKinds(
      deps.db,
      shown.flatMap(({ listings }) => listings.map(({ skuId }) => skuId))
    )
  ])
  return shown.map(({ product, listings }) => assemble(product, numbers.get(product.id) ?? 0, listings, kinds, buyerOf(login)))
}

/** The goods of a product; without variants when nothing of it is on sale. Null: no such product. */
export async function readGoods({ db, listings }: GoodsDeps, login: FacadeLogin, { productId, skuId }: GoodsName): Promise<Goods | null> {
  const [product, skus, numbers] = await Promise.all([
    findProduct(db, productId),
    listActiveSkusOf(db, [productId], PRODUCT_SKUS_MAX),
    numbersOf(db, [productId])
  ])
  if (product === null) return null
  const ids = skus.map(({ id }) => id).filter(id => skuId === null || id === skuId)
  const [found, kinds] = await Promise.all([listings.many(ids), readKinds(db, ids)])
  const sold = ids.flatMap(id => found.get(id) ?? []).filter(listing => listing.onSale && isForShop(listing, login))
  return assemble(product, numbers.get(productId) ?? 0, sold, kinds, buyerOf(login))
}

export interface GoodsName {
  readonly productId: string
  /** Only this SKU of it is meant; null: any. */
  readonly skuId: string | null
}

/** From what a shop calls the goods: `prd_…` as they are listed, `sku_…`, the code of a SKU, or a number. Null: nothing is called so. */
export async function findGoods({ db, listings }: GoodsDeps, code: string): Promise<GoodsName | null> {
  const productId = parseId('product', code)
  if (productId !== null) return { productId, skuId: null }
  const skuId = parseId('sku', code)
  if (skuId !== null) return await nameOfSku(listings, skuId)
  const [sku] = await listSkuIdsOnSale(db, { code }, { before: null, limit: 1 })
  if (sku !== undefined) return await nameOfSku(listings, sku.id)
  return /^[1-9][0-9]{0,14}$/.test(code) ? await findNumbered({ db, listings }, Number(code)) : null
}

/** A number is a product's or a SKU's. */
export async function findNumbered({ db, listings }: GoodsDeps, number: number): Promise<GoodsName | null> {
  const subjectId = await findByNumber(db, number)
  if (subjectId === null) return null
  return (await nameOfSku(listings, subjectId)) ?? { productId: subjectId, skuId: null }
}

async function nameOfSku(listings: Listings, skuId: string): Promise<GoodsName | null> {
  const listing = await listings.get(skuId)
  return listing === null ? null : { productId: listing.productId, skuId }
}
