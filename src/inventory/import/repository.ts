/** SQL of an import: the batch row, and thousands of cards in one statement. */
import { type Queryable, statement, type Tx } from '../../kit/db/index.ts'
import type { Amount } from '../../kit/money.ts'
import type { ImportFormat, Progress } from '../batch.ts'
import { supplierUnknown } from '../errors.ts'
import type { SealedBlock } from './seal-lines.ts'

/** Without progress for this long, its process is dead or stopped. A live import tells of itself every `HEARTBEAT_MS`. */
const STALLED_AFTER_MS = 60_000
export const HEARTBEAT_MS = 10_000

export interface BatchDraft {
  readonly id: string
  readonly skuId: string
  readonly supplierId: string | null
  readonly unitCost: Amount | null
  readonly currency: string
  readonly format: ImportFormat
  readonly idempotency: { readonly ownerId: string; readonly key: string; readonly hash: Buffer } | null
}

const SUPPLIER_EXISTS = statement('card_batch_supplier_exists', 'SELECT FROM supplier WHERE id = $1')

const CREATE = statement(
  'card_batch_create',
  `
  INSERT INTO card_batch (id, sku_id, supplier_id, unit_cost, currency, format, idempotency_owner, idempotency_key, request_hash)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`
)

/** False if the idempotency key belongs to another batch. Throws: `validation_failed` when there is no such supplier. */
export async function createBatch(db: Queryable, draft: BatchDraft): Promise<boolean> {
  const { id, skuId, supplierId, unitCost, currency, format, idempotency } = draft
  const key = [idempotency?.ownerId ?? null, idempotency?.key ?? null, idempotency?.hash ?? null]
  // The SKU was read before, and neither is ever deleted.
  if (supplierId !== null && (await db.execute(SUPPLIER_EXISTS, [supplierId])) === 0) throw supplierUnknown()
  return (await db.execute(CREATE, [id, skuId, supplierId, unitCost, currency, format, ...key])) === 1
}

const BY_KEY = statement(
  'card_batch_by_key',
  `
  SELECT id, state, request_hash FROM card_batch WHERE idempotency_owner = $1 AND idempotency_key = $2 AND state <> 'failed'`
)

export async function findBatchByKey(db: Queryable, ownerId: string, key: string): Promise<{ id: string; importing: boolean; hash: Buffer } | null> {
  const [row] = await db.query<{ id: string; state: string; request_hash: Buffer }>(BY_KEY, [ownerId, key])
  return row === undefined ? null : { id: row.id, importing: row.state === 'importing', hash: row.request_hash }
}

// Fingerprints in their own order: two imports of one file then wait for each other instead of deadlocking. Of two equal ones the first line wins.
// Cards in the order of the file, because the oldest is sold first.
const STORE = statement(
  'card_batch_store',
  `
  WITH input AS MATERIALIZED (
    SELECT * FROM unnest($4::uuid[], $5::bytea[], $6::bytea[], $7::timestamptz[], $8::int[]) AS i (id, fingerprint, ciphertext, expires_at, line)
  ), fresh AS (
    INSERT INTO card_fingerprint (fingerprint, card_id) SELECT fingerprint, id FROM input ORDER BY fingerprint, line ON CONFLICT DO NOTHING RETURNING card_id
  ), stored AS (
    INSERT INTO card (id, sku_id, batch_id, data_key_id, ciphertext, state, expires_at)
    SELECT input.id, $2, $1, $3, ciphertext, 'available', expires_at FROM input JOIN fresh ON fresh.card_id = input.id ORDER BY line
    RETURNING seq
  )
  SELECT count(*)::int AS accepted, min(seq)::text AS first_seq, max(seq)::text AS last_seq FROM stored`
)

const DUPLICATES = statement(
  'card_batch_duplicates',
  `
  INSERT INTO card_batch_line (batch_id, line, reason)
  SELECT $1, i.line, CASE WHEN c.batch_id = $1 THEN 'duplicate_in_file' ELSE 'duplicate_of_stock' END
  FROM unnest($2::uuid[], $3::bytea[], $4::int[]) AS i (id, fingerprint, line)
  JOIN card_fingerprint f ON f.fingerprint = i.fingerprint LEFT JOIN card c ON c.id = f.card_id
  WHERE f.card_id <> i.id`
)

const REJECTED = statement(
  'card_batch_rejected',
  'INSERT INTO card_batch_line (batch_id, line, reason) SELECT $1, * FROM unnest($2::int[], $3::text[])'
)

const ADVANCE = statement(
  'card_batch_advance',
  `
  UPDATE card_batch SET accepted = accepted + $2, duplicates = duplicates + $3, rejected = rejected + $4, touched_at = now(),
    first_seq = coalesce(first_seq, $5), last_seq = coalesce($6, last_seq)
  WHERE id = $1 AND state = 'importing'`
)

export interface BatchKeys {
  readonly batchId: string
  readonly skuId: string
  readonly dataKeyId: number
}

/** Stores what is new of a block, and notes the rest by line. False if the batch was given up meanwhile: nothing may be stored. */
export async function storeBlock(tx: Tx, { batchId, skuId, dataKeyId }: BatchKeys, block: SealedBlock): Promise<Progress | null> {
  const { ids, fingerprints, ciphertexts, expiries, lines } = block.columns
  const [stored] = await tx.query<{ accepted: number; first_seq: string | null; last_seq: string | null }>(STORE, [
    batchId,
    skuId,
    dataKeyId,
    ids,
    fingerprints,
    ciphertexts,
    expiries,
    lines
  ])
  if (stored === undefined) throw new Error('storing cards returned no row')
  const { accepted, first_seq, last_seq } = stored
  const duplicates = block.count - accepted
  const rejected = block.rejected.length
  const [advanced, noted] = await Promise.all([
    tx.execute(ADVANCE, [batchId, accepted, duplicates, rejected, first_seq, last_seq]),
    duplicates === 0 ? 0 : tx.execute(DUPLICATES, [batchId, ids, fingerprints, lines]),
    rejected === 0 ? 0 : tx.execute(REJECTED, [batchId, block.rejected.map(({ line }) => line), block.rejected.map(({ reason }) => reason)])
  ])
  if (noted !== duplicates) throw new Error(`noted ${noted} of ${duplicates} duplicates`)
  return advanced === 1 ? { accepted, duplicates, rejected } : null
}

const FINISH = statement('card_batch_finish', `UPDATE card_batch SET state = $2, finished_at = now() WHERE id = $1 AND state = 'importing'`)

/** False if it had ended before. */
export const finishBatch = async (db: Queryable, batchId: string, state: 'done' | 'failed'): Promise<boolean> =>
  (await db.execute(FINISH, [batchId, state])) === 1

const TOUCH = statement('card_batch_touch', `UPDATE card_batch SET touched_at = now() WHERE id = $1 AND state = 'importing'`)

export async function touchBatch(db: Queryable, batchId: string): Promise<void> {
  await db.execute(TOUCH, [batchId])
}

const FAIL_STALLED = statement(
  'card_batch_fail_stalled',
  `
  UPDATE card_batch SET state = 'failed', finished_at = now()
  WHERE state = 'importing' AND touched_at < now() - $1 * interval '1 millisecond'`
)

export const failStalled = async (db: Queryable): Promise<number> => await db.execute(FAIL_STALLED, [STALLED_AFTER_MS])
