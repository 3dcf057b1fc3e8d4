/** SQL of resellers, and of the keys of all accounts. */
import { and, desc, eq, isNull, lt, type Queryable, sql, statement, type Tx } from '../kit/db/index.ts'
import type { Reseller } from './account.ts'
import type { ApiKey, KeyDraft, KeyOwner } from './api-key.ts'
import { fromKeyRow, fromLoginRow, type LoginRow } from './convert.ts'
import type { Login } from './login.ts'
import { apiKey, reseller, supplier } from './tables.ts'

/** A page of a list, newest first. */
export interface Page {
  /** Rows older than this one; null: from the newest. */
  readonly before: string | null
  readonly limit: number
}

const only = <T>([row]: T[]): T | null => row ?? null

function inserted<T>([row]: T[]): T {
  if (row === undefined) throw new Error('an insert returned no row')
  return row
}

export const insertReseller = async (tx: Tx, row: Pick<Reseller, 'id' | 'name' | 'tier' | 'currency'>): Promise<Reseller> =>
  inserted(await tx.orm.insert(reseller).values(row).returning())

export const findReseller = async (db: Queryable, id: string): Promise<Reseller | null> =>
  only(await db.orm.select().from(reseller).where(eq(reseller.id, id)))

export const findSupplier = async (db: Queryable, id: string): Promise<{ readonly id: string } | null> =>
  only(await db.orm.select().from(supplier).where(eq(supplier.id, id)))

export const listResellers = async (db: Queryable, { before, limit }: Page): Promise<Reseller[]> =>
  await db.orm
    .select()
    .from(reseller)
    .where(before === null ? undefined : lt(reseller.id, before))
    .orderBy(desc(reseller.id))
    .limit(limit)

/** Absent fields stay as they are. */
export const updateReseller = async (
  tx: Tx,
  id: string,
  change: { name?: string; tier?: string | null; state?: Reseller['state'] }
): Promise<Reseller | null> =>
  only(
    await tx.orm
      .update(reseller)
      .set({ ...change, updatedAt: sql`now()` })
      .where(eq(reseller.id, id))
      .returning()
  )

const KEY_COLUMNS = {
  id: apiKey.id,
  name: apiKey.name,
  hint: apiKey.hint,
  test: apiKey.test,
  scopes: apiKey.scopes,
  ipAllow: apiKey.ipAllow,
  dailySpendCap: apiKey.dailySpendCap,
  spendCurrency: apiKey.spendCurrency,
  expiresAt: apiKey.expiresAt,
  revokedAt: apiKey.revokedAt,
  createdAt: apiKey.createdAt
}

const ownedBy = ({ kind, id }: KeyOwner) => and(eq(apiKey.kind, kind), id === null ? isNull(apiKey.ownerId) : eq(apiKey.ownerId, id))

export async function insertKey(tx: Tx, { owner, hash, dailySpendCap, ...draft }: KeyDraft): Promise<ApiKey> {
  const rows = await tx.orm
    .insert(apiKey)
    .values({
      ...draft,
      kind: owner.kind,
      ownerId: owner.id,
      keyHash: hash,
      scopes: [...draft.scopes],
      ipAllow: [...draft.ipAllow],
      dailySpendCap: dailySpendCap?.amount ?? null,
      spendCurrency: dailySpendCap?.currency ?? null
    })
    .returning(KEY_COLUMNS)
  return fromKeyRow(inserted(rows))
}

export async function listKeys(db: Queryable, owner: KeyOwner, { before, limit }: Page): Promise<ApiKey[]> {
  const rows = await db.orm
    .select(KEY_COLUMNS)
    .from(apiKey)
    .where(and(ownedBy(owner), before === null ? undefined : lt(apiKey.id, before)))
    .orderBy(desc(apiKey.id))
    .limit(limit)
  return rows.map(fromKeyRow)
}

export async function lockKey(tx: Tx, owner: KeyOwner, id: string): Promise<ApiKey | null> {
  const row = only(
    await tx.orm
      .select(KEY_COLUMNS)
      .from(apiKey)
      .where(and(eq(apiKey.id, id), ownedBy(owner)))
      .for('update')
  )
  return row === null ? null : fromKeyRow(row)
}

/** Never later than it would expire anyway. */
export async function expireKey(tx: Tx, id: string, inSeconds: number): Promise<void> {
  const end = sql`least(${apiKey.expiresAt}, now() + make_interval(secs => ${inSeconds}))`
  await tx.orm.update(apiKey).set({ expiresAt: end }).where(eq(apiKey.id, id))
}

/** The first revocation keeps its time. False if there is no such key. */
export async function revokeKey(tx: Tx, owner: KeyOwner, id: string): Promise<boolean> {
  const rows = await tx.orm
    .update(apiKey)
    .set({ revokedAt: sql`coalesce(${apiKey.revokedAt}, now())` })
    .where(and(eq(apiKey.id, id), ownedBy(owner)))
    .returning({ id: apiKey.id })
  return rows.length === 1
}

// Operators have no account. An account that is missing cannot act.
const READ_LOGINS = statement(
  'accounts_read_logins',
  `
  SELECT k.key_hash, k.id, k.kind, k.owner_id, k.scopes, k.ip_allow, k.daily_spend_cap, k.spend_currency, k.expires_at, r.tier,
    k.kind = 'operator' OR coalesce(r.state, s.state, '') = 'active' AS active
  FROM api_key k
    LEFT JOIN reseller r ON k.kind = 'reseller' AND r.id = k.owner_id
    LEFT JOIN supplier s ON k.kind = 'supplier' AND s.id = k.owner_id
  WHERE k.key_hash = ANY($1::bytea[]) AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())`
)

/** By hash, both in base64; revoked and expired keys are not found. */
export async function readLogins(db: Queryable, hashes: readonly string[]): Promise<Map<string, Login>> {
  const rows = await db.query<LoginRow>(READ_LOGINS, [hashes.map(hash => Buffer.from(hash, 'base64'))])
  return new Map(rows.map(row => [row.key_hash.toString('base64'), fromLoginRow(row)]))
}
