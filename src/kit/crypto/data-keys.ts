/** Data keys in PostgreSQL, wrapped by a master key: whoever has only the database has no key. */
import type { KeyObject } from 'node:crypto'
import { type Db, type Queryable, statement, type Tx } from '../db/index.ts'
import { unavailable } from '../errors.ts'
import { Unsealable } from './aead.ts'
import type { MasterKeyring } from './master-keyring.ts'

export interface DataKey {
  readonly id: number
  readonly key: KeyObject
}

export interface DataKeyRow {
  id: number
  purpose: string
  master_kid: string
  wrapped: Buffer
}

/** Any constant will do, as long as every instance uses the same one. */
const FIRST_KEY_LOCK_ID = '5280417214'

const INSERT = statement('data_key_insert', 'INSERT INTO data_key (purpose, master_kid, wrapped) VALUES ($1, $2, $3) RETURNING id')
const READ = statement('data_key_read', 'SELECT id, purpose, master_kid, wrapped FROM data_key WHERE id = ANY($1::int[])')
const OLDEST = statement('data_key_oldest', 'SELECT id, purpose, master_kid, wrapped FROM data_key WHERE purpose = $1 ORDER BY id LIMIT 1')
const LOCK = statement('data_key_lock', 'SELECT pg_advisory_xact_lock($1::bigint)')

export async function createDataKey(db: Queryable, keyring: MasterKeyring, purpose: string): Promise<DataKey> {
  const { masterKid, wrapped, key } = keyring.create(purpose)
  const [row] = await db.query<{ id: number }>(INSERT, [purpose, masterKid, wrapped])
  if (row === undefined) throw new Error('no data key was stored')
  return { id: row.id, key }
}

/** The one key of a purpose that has only one for ever; created at the first start, once even if many instances start together. */
export async function ensureSingleDataKey(db: Db, keyring: MasterKeyring, purpose: string): Promise<DataKey> {
  return (await readOldest(db, keyring, purpose)) ?? (await db.tx(tx => createFirst(tx, keyring, purpose)))
}

async function createFirst(tx: Tx, keyring: MasterKeyring, purpose: string): Promise<DataKey> {
  await tx.query(LOCK, [FIRST_KEY_LOCK_ID])
  return (await readOldest(tx, keyring, purpose)) ?? (await createDataKey(tx, keyring, purpose))
}

async function readOldest(db: Queryable, keyring: MasterKeyring, purpose: string): Promise<DataKey | null> {
  const [row] = await db.query<DataKeyRow>(OLDEST, [purpose])
  return row === undefined ? null : { id: row.id, key: unwrap(keyring, row) }
}

/**
 * Data keys by id. Null: the row does not unwrap, or is not of this purpose. An id without a row is missing from the result.
 * Throws: `dependency_unavailable` when a key is wrapped by a master key that this process was not given.
 */
export async function readDataKeys(
  db: Queryable,
  keyring: MasterKeyring,
  purpose: string,
  ids: readonly number[]
): Promise<Map<number, KeyObject | null>> {
  const rows = await db.query<DataKeyRow>(READ, [ids])
  return new Map(rows.map(row => [row.id, row.purpose === purpose ? unwrapOrNull(keyring, row) : null]))
}

function unwrapOrNull(keyring: MasterKeyring, row: DataKeyRow): KeyObject | null {
  if (!keyring.kids.includes(row.master_kid)) {
    throw unavailable('A key cannot be read by this instance.', new Error(`the master key "${row.master_kid}" was not given to this process`))
  }
  try {
    return unwrap(keyring, row)
  } catch (error) {
    if (error instanceof Unsealable) return null
    throw error
  }
}

export const unwrap = (keyring: MasterKeyring, row: DataKeyRow): KeyObject =>
  keyring.unwrap(row.purpose, { masterKid: row.master_kid, wrapped: row.wrapped })
