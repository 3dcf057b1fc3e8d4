/** What the database holds after a run, read as its owner: every card is opened, so a ciphertext that does not open is found as well. */
import pg from 'pg'
import { verifyAuditLog } from '../../../src/audit/index.ts'
import { createVault } from '../../../src/inventory/index.ts'
import { createDatabase } from '../../../src/kit/db/index.ts'
import { hashOf } from '../load/history.ts'

export interface OrderFact {
  readonly id: string
  readonly resellerId: string
  readonly key: string
  readonly skuId: string
  readonly quantity: number
  readonly total: bigint
  readonly state: string
  /** UTC, as daily caps count. */
  readonly day: string
}

export interface CardFact {
  readonly id: string
  readonly skuId: string
  readonly orderId: string | null
  readonly state: string
  /** Of the secret. Null: it does not open. */
  readonly hash: string | null
  /** What the secret begins with, up to the second hyphen: the tag of a SKU, for keys that were imported. */
  readonly tag: string | null
}

export interface EntryFact {
  readonly accountId: string
  readonly transferId: string
  readonly amount: bigint
  readonly version: bigint
  readonly balanceAfter: bigint
}

export interface TransferFact {
  readonly id: string
  readonly kind: string
  readonly subjectId: string
}

export interface AccountFact {
  readonly id: string
  readonly ownerId: string | null
  readonly kind: string
  readonly balance: bigint
  readonly version: bigint
  readonly isCovered: boolean
}

export interface AttemptFact {
  readonly id: string
  readonly orderId: string
  readonly reference: string
  readonly state: string
}

/** Ids are bare uuids, amounts in 1/10000 of the unit. */
export interface Facts {
  readonly orders: readonly OrderFact[]
  readonly cards: readonly CardFact[]
  readonly transfers: readonly TransferFact[]
  /** By account, in the order of their versions. */
  readonly entries: readonly EntryFact[]
  readonly accounts: readonly AccountFact[]
  readonly attempts: readonly AttemptFact[]
  /** The transfer of each credit, by the key that it was asked for with. */
  readonly credits: ReadonlyMap<string, string>
  /** How often each card was revealed. */
  readonly reveals: ReadonlyMap<string, number>
  readonly trail: TrailFact
}

/** What the audit log says of operators. */
export interface TrailFact {
  /** Entries that say that money was credited. */
  readonly credits: number
  /** Where its chain is broken, and how; null: nowhere. */
  readonly broken: string | null
}

const TAG_PARTS = 2

export async function readFacts(databaseUrl: string, masterKey: string): Promise<Facts> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const rows = async <R extends pg.QueryResultRow>(text: string): Promise<R[]> => (await client.query<R>(text)).rows
    return {
      orders: (
        await rows<{ id: string; r: string; k: string; s: string; q: number; t: string; state: string; day: string }>(
          `SELECT id, reseller_id r, idempotency_key k, sku_id s, quantity q, total::text t, state, (created_at AT TIME ZONE 'utc')::date::text AS day FROM orders`
        )
      ).map(({ id, r, k, s, q, t, state, day }) => ({ id, resellerId: r, key: k, skuId: s, quantity: q, total: BigInt(t), state, day })),
      cards: await readCards(client, databaseUrl, masterKey),
      transfers: await rows<{ id: string; kind: string; subjectId: string }>('SELECT id, kind, subject_id AS "subjectId" FROM ledger_transfer'),
      entries: (
        await rows<{ a: string; t: string; n: string; v: string; b: string }>(
          `SELECT account_id a, transfer_id t, amount::text n, account_version::text v, balance_after::text b FROM ledger_entry
           ORDER BY account_id, account_version`
        )
      ).map(({ a, t, n, v, b }) => ({ accountId: a, transferId: t, amount: BigInt(n), version: BigInt(v), balanceAfter: BigInt(b) })),
      accounts: (
        await rows<{ id: string; o: string | null; kind: string; b: string; v: string; c: boolean }>(
          'SELECT id, owner_id o, kind, balance::text b, version::text v, credit_limit IS NOT NULL c FROM ledger_account'
        )
      ).map(({ id, o, kind, b, v, c }) => ({ id, ownerId: o, kind, balance: BigInt(b), version: BigInt(v), isCovered: c })),
      attempts: await rows<{ id: string; orderId: string; reference: string; state: string }>(
        'SELECT id, order_id AS "orderId", reference, state FROM supplier_attempt'
      ),
      credits: new Map(
        (
          await rows<{ key: string; t: string }>(
            `SELECT key, response->>'transferId' t FROM idempotency_record WHERE response->>'transferId' IS NOT NULL`
          )
        ).map(({ key, t }) => [key, t])
      ),
      reveals: new Map(
        (await rows<{ c: string; n: number }>('SELECT card_id c, count(*)::int n FROM card_reveal GROUP BY 1')).map(({ c, n }) => [c, n])
      ),
      trail: await readTrail(client, databaseUrl)
    }
  } finally {
    await client.end()
  }
}

async function readTrail(client: pg.Client, databaseUrl: string): Promise<TrailFact> {
  const db = createDatabase({ url: databaseUrl, maxConnections: 2, onError: () => undefined })
  try {
    const { broken } = await verifyAuditLog(db, null)
    const { rows } = await client.query<{ n: number }>(`SELECT count(*)::int AS n FROM audit_log WHERE action = 'creditWallet'`)
    return { credits: rows[0]?.n ?? 0, broken: broken === null ? null : JSON.stringify(broken) }
  } finally {
    await db.close()
  }
}

async function readCards(client: pg.Client, databaseUrl: string, masterKey: string): Promise<CardFact[]> {
  const db = createDatabase({ url: databaseUrl, maxConnections: 2, onError: () => undefined })
  try {
    const vault = await createVault({ db, masterKeys: [{ kid: 'new', key: Buffer.from(masterKey, 'base64') }] })
    const { rows } = await client.query<{
      id: string
      sku_id: string
      order_id: string | null
      state: string
      data_key_id: number
      ciphertext: Buffer
    }>('SELECT id, sku_id, order_id, state, data_key_id, ciphertext FROM card')
    await vault.prepare(new Set(rows.map(row => row.data_key_id)))
    return rows.map(row => {
      const base = { id: row.id, skuId: row.sku_id, orderId: row.order_id, state: row.state }
      try {
        const { secret } = vault.open({ id: row.id, skuId: row.sku_id, dataKeyId: row.data_key_id, ciphertext: row.ciphertext, expiresAt: null })
        return { ...base, hash: hashOf(secret), tag: secret.split('-').slice(0, TAG_PARTS).join('-') }
      } catch {
        return { ...base, hash: null, tag: null }
      }
    })
  } finally {
    await db.close()
  }
}
