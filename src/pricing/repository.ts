/** SQL of quotes. */
import { and, eq, type Queryable, sql, statement, type Tx } from '../kit/db/index.ts'
import type { StoredQuote } from './quote.ts'
import { quote } from './tables.ts'

export interface QuoteDraft extends Omit<StoredQuote, 'expiresAt'> {
  readonly id: string
  readonly resellerId: string
  readonly holdMs: number
}

/** Returns when it expires, by the clock of the database: the same for every instance. */
export async function insertQuote(tx: Tx, { holdMs, ...draft }: QuoteDraft): Promise<Date> {
  const expiresAt = sql`now() + ${holdMs} * interval '1 millisecond'`
  const [row] = await tx.orm
    .insert(quote)
    .values({ ...draft, expiresAt })
    .returning({ expiresAt: quote.expiresAt })
  if (row === undefined) throw new Error('an insert returned no row')
  return row.expiresAt
}

/** Also an expired one, for as long as it is kept. Null: no such quote, or someone else's. */
export async function readQuote(db: Queryable, resellerId: string, quoteId: string): Promise<StoredQuote | null> {
  const { skuId, quantity, unitPrice, currency, expiresAt } = quote
  const [row] = await db.orm
    .select({ skuId, quantity, unitPrice, currency, expiresAt })
    .from(quote)
    .where(and(eq(quote.id, quoteId), eq(quote.resellerId, resellerId)))
  return row ?? null
}

const DELETE_EXPIRED = statement(
  'pricing_delete_expired_quotes',
  `
  DELETE FROM quote WHERE id IN (
    SELECT id FROM quote WHERE expires_at < now() - $1 * interval '1 millisecond' ORDER BY expires_at LIMIT $2)`
)

export const deleteExpired = (db: Queryable, keptMs: number, limit: number): Promise<number> => db.execute(DELETE_EXPIRED, [keptMs, limit])
