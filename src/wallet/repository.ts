/** SQL of adjustments and top-ups. */
import { and, desc, eq, isUniqueViolation, lt, type Queryable, sql, type Tx } from '../kit/db/index.ts'
import { referenceTaken } from './errors.ts'
import { topUp, walletAdjustment } from './tables.ts'
import type { TopUp, TopUpState } from './top-up.ts'

export interface AdjustmentDraft {
  readonly transferId: string
  readonly resellerId: string
  readonly kind: 'credit' | 'debit'
  readonly reference: string | null
  /** Who did it: an operator's key, `bootstrap`, or the subject of a JWT. */
  readonly actor: string
}

/** Returns when. Throws: reference_taken. */
export async function insertAdjustment(tx: Tx, draft: AdjustmentDraft): Promise<Date> {
  const insert = tx.orm.insert(walletAdjustment).values(draft).returning({ createdAt: walletAdjustment.createdAt })
  return only(await unlessTaken(insert, 'wallet_adjustment_reference')).createdAt
}

/** Throws: reference_taken. */
export async function insertTopUp(tx: Tx, draft: Pick<TopUp, 'id' | 'resellerId' | 'amount' | 'currency' | 'reference'>): Promise<TopUp> {
  return only(await unlessTaken(tx.orm.insert(topUp).values(draft).returning(), 'top_up_reference'))
}

export async function findTopUp(db: Queryable, id: string): Promise<TopUp | null> {
  const [row] = await db.orm.select().from(topUp).where(eq(topUp.id, id))
  return row ?? null
}

export async function lockTopUp(tx: Tx, id: string): Promise<TopUp | null> {
  const [row] = await tx.orm.select().from(topUp).where(eq(topUp.id, id)).for('no key update')
  return row ?? null
}

export interface TopUpDecision {
  readonly state: Exclude<TopUpState, 'pending'>
  readonly decidedBy: string
  readonly transferId?: string
  readonly reason?: string
}

/** Null if it is not pending any more. */
export async function decideTopUp(tx: Tx, id: string, decision: TopUpDecision): Promise<TopUp | null> {
  const set = { ...decision, decidedAt: sql`now()` }
  const [row] = await tx.orm
    .update(topUp)
    .set(set)
    .where(and(eq(topUp.id, id), eq(topUp.state, 'pending')))
    .returning()
  return row ?? null
}

export interface TopUpFilter {
  readonly resellerId?: string | undefined
  readonly state?: TopUpState | undefined
  /** Only those older than this one. */
  readonly before: string | null
  readonly limit: number
}

/** Newest first. */
export async function listTopUps(db: Queryable, { resellerId, state, before, limit }: TopUpFilter): Promise<TopUp[]> {
  return await db.orm
    .select()
    .from(topUp)
    .where(
      and(
        resellerId === undefined ? undefined : eq(topUp.resellerId, resellerId),
        state === undefined ? undefined : eq(topUp.state, state),
        before === null ? undefined : lt(topUp.id, before)
      )
    )
    .orderBy(desc(topUp.id))
    .limit(limit)
}

async function unlessTaken<T>(insert: PromiseLike<T>, constraint: string): Promise<T> {
  try {
    return await insert
  } catch (error) {
    throw isUniqueViolation(error, constraint) ? referenceTaken() : error
  }
}

function only<T>([row]: T[]): T {
  if (row === undefined) throw new Error('an insert returned no row')
  return row
}
