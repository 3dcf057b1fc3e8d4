/** SQL of what suppliers offer for each SKU, and of the limits that a SKU sets them. Whoever writes here has locked the SKU's own row. */
import { and, asc, eq, type Queryable, sql, statement, type Tx } from '../kit/db/index.ts'
import type { Currency } from '../kit/money.ts'
import type { SupplierLimits } from './limits.ts'
import { NO_SOURCING, type Sourcing } from './markup.ts'
import type { KnownSource, Offer, Source } from './source.ts'
import { fromMarkup, toMarkup } from './stored-markup.ts'
import { PUSH_ADAPTER } from './supplier.ts'
import { skuSource, skuSourcing } from './tables.ts'

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

const BUYABLE = statement(
  'source_buyable',
  `
  SELECT x.sku_id, x.supplier_id, x.product_code, x.unit_cost, x.priority, x.enabled, x.available, y.adapter, y.limits, c.margin_floor, c.max_cost
  FROM sku_source x JOIN supplier y ON y.id = x.supplier_id LEFT JOIN sku_sourcing c ON c.sku_id = x.sku_id
  WHERE x.sku_id = ANY($1::uuid[]) AND x.enabled AND x.on_sale AND y.state = 'active' AND y.adapter <> '${PUSH_ADAPTER}'`
)

interface BuyableRow {
  sku_id: string
  supplier_id: string
  product_code: string
  unit_cost: string
  priority: number
  enabled: boolean
  available: number | null
  adapter: string
  limits: SupplierLimits
  margin_floor: string | null
  max_cost: string | null
}

/** Sources that can be bought from now: enabled, on sale, of an active supplier that is called. */
export async function readBuyableSources(db: Queryable, skuIds: readonly string[]): Promise<BuyableSource[]> {
  if (skuIds.length === 0) return []
  const rows = await db.query<BuyableRow & Record<string, unknown>>(BUYABLE, [skuIds])
  return rows.map(row => ({
    skuId: row.sku_id,
    supplierId: row.supplier_id,
    productCode: row.product_code,
    unitCost: BigInt(row.unit_cost),
    priority: row.priority,
    enabled: row.enabled,
    available: row.available,
    adapter: row.adapter,
    limits: row.limits,
    marginFloor: BigInt(row.margin_floor ?? 0),
    maxCost: row.max_cost === null ? null : BigInt(row.max_cost)
  }))
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
