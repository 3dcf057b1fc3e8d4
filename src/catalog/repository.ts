/** SQL of products, SKUs and prices. What orders touch is in `stock-repository.ts`. */
import { and, asc, desc, eq, inArray, lt, type Queryable, sql, statement, type Tx } from '../kit/db/index.ts'
import type { PriceRow } from './price-rows.ts'
import type { Product, ProductDraft, ProductKind, ProductPatch } from './product.ts'
import type { Sku, SkuDraft } from './sku.ts'
import type { SaleState } from './state.ts'
import { product, sku, skuFence, skuPrice } from './tables.ts'

/** A page of a list, newest first. */
export interface Page {
  /** Rows older than this one; null: from the newest. */
  readonly before: string | null
  readonly limit: number
}

export interface ProductFilter {
  readonly category?: string | undefined
  readonly kind?: ProductKind | undefined
  readonly state?: SaleState
}

export interface SkuFilter {
  readonly productId?: string | undefined
  readonly code?: string | undefined
}

const only = <T>([row]: T[]): T | null => row ?? null

function inserted<T>(rows: T[]): T {
  const [row] = rows
  if (row === undefined) throw new Error('an insert returned no row')
  return row
}

const matches = ({ category, kind, state }: ProductFilter) =>
  and(
    category === undefined ? undefined : eq(product.category, category),
    kind === undefined ? undefined : eq(product.kind, kind),
    state === undefined ? undefined : eq(product.state, state)
  )

const matchesSku = ({ productId, code }: SkuFilter) =>
  and(productId === undefined ? undefined : eq(sku.productId, productId), code === undefined ? undefined : eq(sku.code, code))

export const insertProduct = async (tx: Tx, row: ProductDraft & { id: string }): Promise<Product> =>
  inserted(await tx.orm.insert(product).values(row).returning())

export const findProduct = async (db: Queryable, id: string): Promise<Product | null> =>
  only(await db.orm.select().from(product).where(eq(product.id, id)))

export const listProducts = async (db: Queryable, filter: ProductFilter, { before, limit }: Page): Promise<Product[]> =>
  await db.orm
    .select()
    .from(product)
    .where(and(matches(filter), before === null ? undefined : lt(product.id, before)))
    .orderBy(desc(product.id))
    .limit(limit)

export const updateProductFields = async (tx: Tx, id: string, patch: ProductPatch): Promise<Product | null> =>
  only(
    await tx.orm
      .update(product)
      .set({ ...patch, updatedAt: sql`now()` })
      .where(eq(product.id, id))
      .returning()
  )

/** Null if it is in this state already, or does not exist. */
export const switchProduct = async (tx: Tx, id: string, state: SaleState): Promise<Product | null> =>
  only(
    await tx.orm
      .update(product)
      .set({ state, updatedAt: sql`now()` })
      .where(and(eq(product.id, id), sql`${product.state} <> ${state}`))
      .returning()
  )

/** A shared lock: a SKU that is being created waits for a pause of its product, and the other way round. Null: no such product. */
export async function countSkusOf(tx: Tx, productId: string): Promise<number | null> {
  const [found] = await tx.orm.select({ id: product.id }).from(product).where(eq(product.id, productId)).for('share')
  return found === undefined ? null : await tx.orm.$count(sku, eq(sku.productId, productId))
}

const SKU_COLUMNS = {
  id: sku.id,
  productId: sku.productId,
  code: sku.code,
  name: sku.name,
  currency: sku.currency,
  price: sku.price,
  minQuantity: sku.minQuantity,
  maxQuantity: sku.maxQuantity,
  cardKind: sku.cardKind,
  inputSchema: sku.inputSchema,
  instructions: sku.instructions,
  lowStockThreshold: sku.lowStockThreshold,
  state: sku.state,
  available: skuFence.available,
  createdAt: sku.createdAt,
  updatedAt: sku.updatedAt
}

const selectSkus = (db: Queryable) => db.orm.select(SKU_COLUMNS).from(sku).innerJoin(skuFence, eq(skuFence.skuId, sku.id)).$dynamic()

/** False if the code is taken. */
export const insertSku = async (tx: Tx, row: SkuDraft & { id: string }): Promise<boolean> =>
  (await tx.orm.insert(sku).values(row).onConflictDoNothing({ target: sku.code }).returning({ id: sku.id })).length === 1

export const findSku = async (db: Queryable, id: string): Promise<Sku | null> => only(await selectSkus(db).where(eq(sku.id, id)))

/** Commands lock the SKU before its fence row, always. */
export const lockSku = async (tx: Tx, id: string): Promise<Sku | null> =>
  only(await selectSkus(tx).where(eq(sku.id, id)).for('no key update', { of: sku }))

export const listSkus = async (db: Queryable, filter: SkuFilter, { before, limit }: Page): Promise<Sku[]> =>
  await selectSkus(db)
    .where(and(matchesSku(filter), before === null ? undefined : lt(sku.id, before)))
    .orderBy(desc(sku.id))
    .limit(limit)

export async function saveSku(tx: Tx, { id, ...after }: Sku): Promise<void> {
  const { name, price, minQuantity, maxQuantity, cardKind, inputSchema, instructions, lowStockThreshold, state } = after
  await tx.orm
    .update(sku)
    .set({
      name,
      price,
      minQuantity,
      maxQuantity,
      cardKind,
      inputSchema,
      instructions,
      lowStockThreshold,
      state,
      updatedAt: sql`now()`
    })
    .where(eq(sku.id, id))
}

const SET_BASE_PRICES = statement(
  'catalog_set_base_prices',
  'UPDATE sku s SET price = v.price, updated_at = now() FROM unnest($1::uuid[], $2::bigint[]) AS v (sku_id, price) WHERE s.id = v.sku_id'
)

export async function setBasePrices(tx: Tx, prices: readonly { readonly skuId: string; readonly price: bigint }[]): Promise<void> {
  await tx.execute(SET_BASE_PRICES, [prices.map(({ skuId }) => skuId), prices.map(({ price }) => price.toString())])
}

export const listPrices = async (db: Queryable, skuId: string): Promise<PriceRow[]> =>
  await db.orm
    .select({
      tier: skuPrice.tier,
      resellerId: skuPrice.resellerId,
      minQuantity: skuPrice.minQuantity,
      unitPrice: skuPrice.unitPrice
    })
    .from(skuPrice)
    .where(eq(skuPrice.skuId, skuId))
    .orderBy(asc(skuPrice.tier), asc(skuPrice.resellerId), asc(skuPrice.minQuantity))

export async function replacePriceRows(tx: Tx, skuId: string, rows: readonly PriceRow[]): Promise<void> {
  await tx.orm.delete(skuPrice).where(eq(skuPrice.skuId, skuId))
  if (rows.length > 0) await tx.orm.insert(skuPrice).values(rows.map(row => ({ ...row, skuId })))
}

/** SKUs that resellers are shown: both the SKU and its product are active. Newest first. */
export const listSkuIdsOnSale = async (db: Queryable, filter: SkuFilter, { before, limit }: Page): Promise<{ id: string }[]> =>
  await db.orm
    .select({ id: sku.id })
    .from(sku)
    .innerJoin(product, eq(product.id, sku.productId))
    .where(and(matchesSku(filter), eq(sku.state, 'active'), eq(product.state, 'active'), before === null ? undefined : lt(sku.id, before)))
    .orderBy(desc(sku.id))
    .limit(limit)

/** The active SKUs of these products: product by product, newest product first, and within it the oldest SKU first. */
export const listActiveSkusOf = async (db: Queryable, productIds: readonly string[], limit: number): Promise<{ productId: string; id: string }[]> =>
  await db.orm
    .select({ productId: sku.productId, id: sku.id })
    .from(sku)
    .where(and(inArray(sku.productId, [...productIds]), eq(sku.state, 'active')))
    .orderBy(desc(sku.productId), asc(sku.id))
    .limit(limit)
