/** SQL of credentials, and of how SKUs are kinds of their product. */
import { and, desc, eq, inArray, isNull, lt, type Queryable, sql, statement, type Tx } from '../kit/db/index.ts'
import { fromCredentialRow, fromLoginRow, type LoginRow } from './convert.ts'
import type { Credential, StoredLogin } from './credential.ts'
import type { Protocol } from './protocol.ts'
import { facadeCredential, facadeVariant } from './tables.ts'
import type { Kind } from './variant.ts'

/** A page of a list, newest first. */
export interface Page {
  /** Rows older than this one; null: from the newest. */
  readonly before: string | null
  readonly limit: number
}

/** False: the login is another credential's. */
export async function insertCredential(
  tx: Tx,
  { dailySpendCap, ipAllow, ...row }: Omit<Credential, 'createdAt' | 'revokedAt'>
): Promise<Credential | null> {
  const [stored] = await tx.orm
    .insert(facadeCredential)
    .values({ ...row, ipAllow: [...ipAllow], dailySpendCap: dailySpendCap?.amount ?? null, spendCurrency: dailySpendCap?.currency ?? null })
    .onConflictDoNothing({ target: [facadeCredential.protocol, facadeCredential.login] })
    .returning()
  return stored === undefined ? null : fromCredentialRow(stored)
}

export async function listCredentials(db: Queryable, resellerId: string, { before, limit }: Page): Promise<Credential[]> {
  const rows = await db.orm
    .select()
    .from(facadeCredential)
    .where(and(eq(facadeCredential.resellerId, resellerId), before === null ? undefined : lt(facadeCredential.id, before)))
    .orderBy(desc(facadeCredential.id))
    .limit(limit)
  return rows.map(fromCredentialRow)
}

export async function lockCredential(tx: Tx, id: string): Promise<Credential | null> {
  const [row] = await tx.orm.select().from(facadeCredential).where(eq(facadeCredential.id, id)).for('update')
  return row === undefined ? null : fromCredentialRow(row)
}

/** The first revocation keeps its time. */
export async function revokeCredentialRow(tx: Tx, id: string): Promise<void> {
  await tx.orm
    .update(facadeCredential)
    .set({ revokedAt: sql`now()` })
    .where(and(eq(facadeCredential.id, id), isNull(facadeCredential.revokedAt)))
}

const READ_LOGINS = statement(
  'facade_read_logins',
  `
  SELECT c.id, c.protocol, c.login, c.reseller_id, c.ip_allow, c.daily_spend_cap, c.spend_currency, c.allow_waiting, c.expires_at,
    r.tier, r.currency, r.state = 'active' AS active
  FROM unnest($1::text[], $2::text[]) AS wanted (protocol, login)
    JOIN facade_credential c ON c.protocol = wanted.protocol AND c.login = wanted.login
    JOIN reseller r ON r.id = c.reseller_id
  WHERE c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > now())`
)

const READ_NAME = statement('facade_read_name', 'SELECT protocol, login FROM facade_credential WHERE id = $1')

export async function readName(db: Queryable, id: string): Promise<{ protocol: Protocol; login: string } | null> {
  const [row] = await db.query<{ protocol: Protocol; login: string }>(READ_NAME, [id])
  return row ?? null
}

/** Revoked and expired ones are not found. */
export async function readLogins(db: Queryable, wanted: readonly { protocol: string; login: string }[]): Promise<StoredLogin[]> {
  const rows = await db.query<LoginRow>(READ_LOGINS, [wanted.map(({ protocol }) => protocol), wanted.map(({ login }) => login)])
  return rows.map(fromLoginRow)
}

export async function readKinds(db: Queryable, skuIds: readonly string[]): Promise<Map<string, Kind>> {
  if (skuIds.length === 0) return new Map()
  const rows = await db.orm
    .select()
    .from(facadeVariant)
    .where(inArray(facadeVariant.skuId, [...skuIds]))
  return new Map(rows.map(({ skuId, race, options }) => [skuId, { race, options }]))
}

export async function saveKind(tx: Tx, skuId: string, { race, options }: Kind): Promise<void> {
  const row = { race, options: { ...options } }
  await tx.orm
    .insert(facadeVariant)
    .values({ skuId, ...row })
    .onConflictDoUpdate({ target: facadeVariant.skuId, set: row })
}

export async function deleteKind(tx: Tx, skuId: string): Promise<void> {
  await tx.orm.delete(facadeVariant).where(eq(facadeVariant.skuId, skuId))
}
