/** SQL of what suppliers offer for each SKU, and of the limits that a SKU sets them. Whoever writes here has locked the SKU's own row. */
import { and, asc, eq, inArray, ne, type Queryable, sql, statement, type Tx } from '../kit/db/index.ts'
import type { Currency } from '../kit/money.ts'
import type { SupplierLimits } from './limits.ts'
import { NO_SOURCING, type Sourcing } from './markup.ts'
import type { KnownSource, Offer, Source } from './source.ts'
import { fromMarkup, toMarkup } from './stored-markup.ts'
import { PUSH_ADAPTER } from './supplier.ts'
import { skuSource, skuSourcing, supplier } from './tables.ts'

/** Of the SKU, in the order in which they are asked. */
export const listSources = async (db: Queryable, skuId: string): Promise<KnownSource[]> =>
  await db.orm
    .select()
    .from(skuSource)
    .where(eq(skuSource.skuId, skuId))
    .orderBy(asc(skuSource.priority), asc(skuSource.unitCost), asc(skuSource.supplierId), asc(skuSource.productCode))

const LOCK_SKUS = statement('source_lock_skus', 'SELECT id, currency FROM sku WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE')

/** Before anything that stands on the SKU: its counter, its sources. Currencies by SKU; one that does not exist is missing. */
export const lockSkus = async (tx: Tx, skuIds: readonly string[]): Promise<ReadonlyMap<string, Currency>> =>
  new Map((await tx.query<{ id: string; currency: string }>(LOCK_SKUS, [skuIds])).map(row => [row.id, row.currency]))

const DROP_OTHERS = statement(
  'source_drop_others',
  `
  DELETE FROM sku_source x WHERE x.sku_id = $1
    AND NOT EXISTS (SELECT FROM unnest($2::uuid[], $3::text[]) AS k (supplier_id, code) WHERE k.supplier_id = x.supplier_id AND k.code = x.product_code)`
)

/** What is named again keeps what its supplier said of it; a cost that is entered anew counts from now on. */
export async function replaceSourceRows(tx: Tx, skuId: string, sources: readonly Source[]): Promise<void> {
  await tx.execute(DROP_OTHERS, [skuId, sources.map(({ supplierId }) => supplierId), sources.map(({ productCode }) => productCode)])
  if (sources.length === 0) return
  await tx.orm
    .insert(skuSource)
    .values([...sources])
    .onConflictDoUpdate({
      target: [skuSource.skuId, skuSource.supplierId, skuSource.productCode],
      set: {
        unitCost: sql`excluded.unit_cost`,
        priority: sql`excluded.priority`,
        enabled: sql`excluded.enabled`,
        costAt: sql`CASE WHEN ${skuSource.unitCost} = excluded.unit_cost THEN ${skuSource.costAt} ELSE clock_timestamp() END`
      }
    })
}

type BuyableSource = Omit<Offer, 'adapter'> & { readonly adapter: string; readonly limits: SupplierLimits }

/** Sources that can be bought from now: enabled, on sale, of an active supplier that is called. */
export async function readBuyableSources(db: Queryable, skuIds: readonly string[]): Promise<BuyableSource[]> {
  if (skuIds.length === 0) return []
  const rows = await db.orm
    .select({
      source: skuSource,
      adapter: supplier.adapter,
      limits: supplier.limits,
      marginFloor: skuSourcing.marginFloor,
      maxCost: skuSourcing.maxCost
    })
    .from(skuSource)
    .innerJoin(supplier, eq(supplier.id, skuSource.supplierId))
    .leftJoin(skuSourcing, eq(skuSourcing.skuId, skuSource.skuId))
    .where(
      and(
        inArray(skuSource.skuId, [...skuIds]),
        eq(skuSource.enabled, true),
        eq(skuSource.onSale, true),
        eq(supplier.state, 'active'),
        ne(supplier.adapter, PUSH_ADAPTER)
      )
    )
  return rows.map(({ source, marginFloor, ...from }) => ({ ...source, ...from, marginFloor: marginFloor ?? 0n }))
}

/** Which SKU a supplier means by its product code; the oldest, where it feeds several. Null: none. */
export async function findSkuBySource(db: Queryable, supplierId: string, productCode: string): Promise<string | null> {
  const [row] = await db.orm
    .select({ skuId: skuSource.skuId })
    .from(skuSource)
    .where(and(eq(skuSource.supplierId, supplierId), eq(skuSource.productCode, productCode)))
    .orderBy(asc(skuSource.skuId))
    .limit(1)
  return row?.skuId ?? null
}

const SKUS_OF_SUPPLIER = statement('source_skus_of_supplier', 'SELECT DISTINCT sku_id FROM sku_source WHERE supplier_id = $1 ORDER BY sku_id')

export const listSkusOfSupplier = async (db: Queryable, supplierId: string): Promise<string[]> =>
  (await db.query<{ sku_id: string }>(SKUS_OF_SUPPLIER, [supplierId])).map(row => row.sku_id)

export async function readSourcing(db: Queryable, skuId: string): Promise<Sourcing> {
  const [row] = await db.orm.select().from(skuSourcing).where(eq(skuSourcing.skuId, skuId))
  if (row === undefined) return NO_SOURCING
  const { pricing, marginFloor, maxCost } = row
  return { pricing, markup: toMarkup(row.markup), marginFloor, maxCost }
}

export async function writeSourcing(tx: Tx, skuId: string, { markup, ...sourcing }: Sourcing): Promise<void> {
  const row = { ...sourcing, markup: fromMarkup(markup) }
  await tx.orm
    .insert(skuSourcing)
    .values({ skuId, ...row })
    .onConflictDoUpdate({ target: skuSourcing.skuId, set: { ...row, updatedAt: sql`now()` } })
}
