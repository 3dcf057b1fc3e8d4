/** SQL of suppliers and of what they offer for each SKU. */
import { and, asc, desc, eq, inArray, lt, ne, type Queryable, sql, type Tx } from '../kit/db/index.ts'
import type { SupplierLimits } from './limits.ts'
import type { Source } from './source.ts'
import { PUSH_ADAPTER, type StoredSupplier } from './supplier.ts'
import { skuSource, supplier } from './tables.ts'

/** A page of a list, newest first. */
export interface Page {
  readonly before: string | null
  readonly limit: number
}

const only = <T>([row]: T[]): T | null => row ?? null

export async function insertSupplier(
  tx: Tx,
  row: Pick<StoredSupplier, 'id' | 'name' | 'adapter' | 'configSealed' | 'limits'>
): Promise<StoredSupplier> {
  const inserted = only(await tx.orm.insert(supplier).values(row).returning())
  if (inserted === null) throw new Error('an insert returned no row')
  return inserted
}

export const findSupplier = async (db: Queryable, id: string): Promise<StoredSupplier | null> =>
  only(await db.orm.select().from(supplier).where(eq(supplier.id, id)))

export const lockSupplier = async (tx: Tx, id: string): Promise<StoredSupplier | null> =>
  only(await tx.orm.select().from(supplier).where(eq(supplier.id, id)).for('no key update'))

export const readSuppliers = async (db: Queryable, ids: readonly string[]): Promise<StoredSupplier[]> =>
  ids.length === 0
    ? []
    : await db.orm
        .select()
        .from(supplier)
        .where(inArray(supplier.id, [...ids]))

export const listSuppliers = async (db: Queryable, { before, limit }: Page): Promise<StoredSupplier[]> =>
  await db.orm
    .select()
    .from(supplier)
    .where(before === null ? undefined : lt(supplier.id, before))
    .orderBy(desc(supplier.id))
    .limit(limit)

export type SupplierRowChange = Partial<Pick<StoredSupplier, 'name' | 'state' | 'configSealed' | 'limits'>>

/** Absent fields stay as they are. */
export const updateSupplierRow = async (tx: Tx, id: string, change: SupplierRowChange): Promise<StoredSupplier | null> =>
  only(
    await tx.orm
      .update(supplier)
      .set({ ...change, updatedAt: sql`clock_timestamp()` })
      .where(eq(supplier.id, id))
      .returning()
  )

/** Of the SKU, in the order in which they are asked. */
export const listSources = async (db: Queryable, skuId: string): Promise<Source[]> =>
  await db.orm
    .select()
    .from(skuSource)
    .where(eq(skuSource.skuId, skuId))
    .orderBy(asc(skuSource.priority), asc(skuSource.unitCost), asc(skuSource.supplierId), asc(skuSource.productCode))

export async function replaceSourceRows(tx: Tx, skuId: string, sources: readonly Source[]): Promise<void> {
  await tx.orm.delete(skuSource).where(eq(skuSource.skuId, skuId))
  if (sources.length > 0) await tx.orm.insert(skuSource).values([...sources])
}

interface BuyableFrom {
  readonly adapter: string
  readonly limits: SupplierLimits
}

/** Sources that can be bought from now: enabled, of an active supplier that is called. */
export async function readBuyableSources(db: Queryable, skuIds: readonly string[]): Promise<(Source & BuyableFrom)[]> {
  if (skuIds.length === 0) return []
  const rows = await db.orm
    .select({ source: skuSource, adapter: supplier.adapter, limits: supplier.limits })
    .from(skuSource)
    .innerJoin(supplier, eq(supplier.id, skuSource.supplierId))
    .where(and(inArray(skuSource.skuId, [...skuIds]), eq(skuSource.enabled, true), eq(supplier.state, 'active'), ne(supplier.adapter, PUSH_ADAPTER)))
  return rows.map(({ source, ...from }) => ({ ...source, ...from }))
}

/** Which SKU a supplier means by its product code; the oldest, where it feeds several. Null: none. */
export async function findSkuBySource(db: Queryable, supplierId: string, productCode: string): Promise<string | null> {
  const rows = await db.orm
    .select({ skuId: skuSource.skuId })
    .from(skuSource)
    .where(and(eq(skuSource.supplierId, supplierId), eq(skuSource.productCode, productCode)))
    .orderBy(asc(skuSource.skuId))
    .limit(1)
  return only(rows)?.skuId ?? null
}
