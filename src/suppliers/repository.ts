/** SQL of suppliers. What they offer for each SKU is in `source-repository.ts`. */
import { desc, eq, inArray, lt, type Queryable, sql, type Tx } from '../kit/db/index.ts'
import { fromMarkup, toMarkup } from './stored-markup.ts'
import type { StoredSupplier } from './supplier.ts'
import { supplier } from './tables.ts'

/** A page of a list, newest first. */
export interface Page {
  readonly before: string | null
  readonly limit: number
}

type SupplierRow = typeof supplier.$inferSelect

const fromRow = (row: SupplierRow): StoredSupplier => ({ ...row, markup: toMarkup(row.markup) })

const only = ([row]: SupplierRow[]): StoredSupplier | null => (row === undefined ? null : fromRow(row))

type Changeable = 'name' | 'configSealed' | 'limits' | 'syncSeconds' | 'markup' | 'lowBalance' | 'lowBalanceCurrency'

export async function insertSupplier(tx: Tx, { markup, ...row }: Pick<StoredSupplier, 'id' | 'adapter' | Changeable>): Promise<StoredSupplier> {
  const inserted = only(
    await tx.orm
      .insert(supplier)
      .values({ ...row, markup: fromMarkup(markup) })
      .returning()
  )
  if (inserted === null) throw new Error('an insert returned no row')
  return inserted
}

export const findSupplier = async (db: Queryable, id: string): Promise<StoredSupplier | null> =>
  only(await db.orm.select().from(supplier).where(eq(supplier.id, id)))

export const lockSupplier = async (tx: Tx, id: string): Promise<StoredSupplier | null> =>
  only(await tx.orm.select().from(supplier).where(eq(supplier.id, id)).for('no key update'))

export async function readSuppliers(db: Queryable, ids: readonly string[]): Promise<StoredSupplier[]> {
  if (ids.length === 0) return []
  const rows = await db.orm
    .select()
    .from(supplier)
    .where(inArray(supplier.id, [...ids]))
  return rows.map(fromRow)
}

export async function listSuppliers(db: Queryable, { before, limit }: Page): Promise<StoredSupplier[]> {
  const rows = await db.orm
    .select()
    .from(supplier)
    .where(before === null ? undefined : lt(supplier.id, before))
    .orderBy(desc(supplier.id))
    .limit(limit)
  return rows.map(fromRow)
}

export type SupplierRowChange = Partial<Pick<StoredSupplier, 'state' | Changeable>>

/** Absent fields stay as they are. */
export async function updateSupplierRow(tx: Tx, id: string, { markup, ...change }: SupplierRowChange): Promise<StoredSupplier | null> {
  const marked = markup === undefined ? {} : { markup: fromMarkup(markup) }
  return only(
    await tx.orm
      .update(supplier)
      .set({ ...change, ...marked, updatedAt: sql`clock_timestamp()` })
      .where(eq(supplier.id, id))
      .returning()
  )
}
