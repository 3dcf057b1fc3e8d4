/**
 * Secrets that two parties share to sign webhooks (Standard Webhooks: `whsec_` and 32 bytes of base64), sealed in the database.
 * An owner is whatever has such secrets. While one is rotated, the old and the new one are both valid.
 */
import { type KeyObject, randomBytes } from 'node:crypto'
import { createMasterKeyring, ensureSingleDataKey, type MasterKey, seal, unseal } from './crypto/index.ts'
import { type Db, type Queryable, statement, type Tx } from './db/index.ts'
import { newId } from './ids.ts'

export interface SigningSecrets {
  /**
   * A new secret for an owner, whose row the caller has locked; earlier ones stay valid for the overlap. The text is shown to the
   * other side and cannot be read again. `secret`: in the form of another protocol; without it, that of Standard Webhooks.
   */
  issue(tx: Tx, ownerId: string, overlapSeconds: number, secret?: string): Promise<string>
  /** The valid secrets of each owner, newest first. An owner without one is missing. */
  live(db: Queryable, ownerIds: readonly string[]): Promise<Map<string, string[]>>
  drop(tx: Tx, ownerId: string): Promise<void>
}

const PREFIX = 'whsec_'
const SECRET_BYTES = 32
/** With more of them valid at once, every webhook would carry that many signatures. */
const LIVE_MAX = 4

const OVERLAP = statement(
  'signing_secret_overlap',
  `
  WITH ranked AS (
    SELECT id, row_number() OVER (ORDER BY created_at DESC, id DESC) AS age FROM signing_secret
    WHERE owner_id = $1 AND (expires_at IS NULL OR expires_at > clock_timestamp())
  )
  UPDATE signing_secret s
  SET expires_at = CASE WHEN age < $3 THEN least(coalesce(s.expires_at, 'infinity'), clock_timestamp() + make_interval(secs => $2))
    ELSE clock_timestamp() END
  FROM ranked WHERE s.id = ranked.id`
)
const INSERT = statement('signing_secret_insert', 'INSERT INTO signing_secret (id, owner_id, sealed) VALUES ($1, $2, $3)')
const LIVE = statement(
  'signing_secret_live',
  `
  SELECT id, owner_id, sealed FROM signing_secret
  WHERE owner_id = ANY($1::uuid[]) AND (expires_at IS NULL OR expires_at > now()) ORDER BY created_at DESC, id DESC`
)
const DROP = statement('signing_secret_drop', 'DELETE FROM signing_secret WHERE owner_id = $1')

const associated = (ownerId: string, id: string): Buffer => Buffer.from(`kahub1|signing-secret|${ownerId}|${id}`, 'latin1')

const newSecret = (): string => `${PREFIX}${randomBytes(SECRET_BYTES).toString('base64')}`

export async function createSigningSecrets({ db, masterKeys }: { db: Db; masterKeys: readonly MasterKey[] }): Promise<SigningSecrets> {
  const { key } = await ensureSingleDataKey(db, createMasterKeyring(masterKeys), 'signing')
  return {
    issue: async (tx, ownerId, overlapSeconds, secret = newSecret()) => {
      const id = newId()
      await tx.execute(OVERLAP, [ownerId, overlapSeconds, LIVE_MAX])
      await tx.execute(INSERT, [id, ownerId, seal(key, associated(ownerId, id), Buffer.from(secret))])
      return secret
    },
    live: async (db, ownerIds) => openAll(key, await db.query<SecretRow>(LIVE, [ownerIds])),
    drop: async (tx, ownerId) => void (await tx.execute(DROP, [ownerId]))
  }
}

interface SecretRow {
  id: string
  owner_id: string
  sealed: Buffer
}

function openAll(key: KeyObject, rows: readonly SecretRow[]): Map<string, string[]> {
  const secrets = new Map<string, string[]>()
  for (const { id, owner_id: ownerId, sealed } of rows) {
    const secret = unseal(key, associated(ownerId, id), sealed).toString()
    secrets.set(ownerId, [...(secrets.get(ownerId) ?? []), secret])
  }
  return secrets
}
