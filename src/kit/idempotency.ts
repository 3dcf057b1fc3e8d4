/**
 * Idempotency for commands that are not orders (orders carry their key on their own row). The record is written first, in the
 * command's transaction: a twin waits on the unique index until the first commits, and then reads its answer.
 */

import { type Db, isLockTimeout, type Queryable, statement, type Tx } from './db/index.ts'
import { DomainError } from './errors.ts'
import { failpoint } from './failpoint.ts'

export interface IdempotentRequest {
  /** The caller: keys of different callers never meet. */
  readonly ownerId: string
  readonly key: string
  readonly hash: Buffer
}

export interface IdempotentResult<T> {
  readonly response: T
  readonly replayed: boolean
}

const CLAIM = statement(
  'idempotency_claim',
  `
  INSERT INTO idempotency_record (owner_id, key, request_hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`
)
const READ = statement(
  'idempotency_read',
  `
  SELECT request_hash, response FROM idempotency_record WHERE owner_id = $1 AND key = $2`
)
const SAVE = statement(
  'idempotency_save',
  `
  UPDATE idempotency_record SET response = $3 WHERE owner_id = $1 AND key = $2`
)

const FORGET = statement(
  'idempotency_forget',
  `
  DELETE FROM idempotency_record WHERE (owner_id, key) IN (
    SELECT owner_id, key FROM idempotency_record WHERE created_at < now() - $1 * interval '1 day' ORDER BY created_at LIMIT $2
    FOR UPDATE SKIP LOCKED)`
)

/** One statement of some tens of milliseconds; the run after takes the rest. */
const FORGET_BATCH = 5_000

/** Drops stored answers that are older; after that the same key is a new request. Returns how many. Orders are not among them. */
export const forgetAnswers = async (db: Queryable, olderThanDays: number): Promise<number> => await db.execute(FORGET, [olderThanDays, FORGET_BATCH])

export const keyReused = (): DomainError =>
  new DomainError('idempotency_key_reused', 'This Idempotency-Key was used for a request with other content.')

export const inProgress = (): DomainError =>
  new DomainError('request_in_progress', 'A request with this Idempotency-Key is still running.', { retryAfterSeconds: 1 })

/**
 * Runs `effect` once for each key; its result must be JSON without secrets. A failed effect leaves no record.
 * Throws: `idempotency_key_reused`, `request_in_progress`, and whatever `effect` throws.
 */
export async function once<T>(db: Db, request: IdempotentRequest, effect: (tx: Tx) => Promise<T>): Promise<IdempotentResult<T>> {
  return await db.tx(async tx => {
    const claimed = await claim(tx, request)
    if (!claimed) return { response: await replay<T>(tx, request), replayed: true }
    const response = await effect(tx)
    failpoint('idempotent.effect')
    await tx.execute(SAVE, [request.ownerId, request.key, JSON.stringify(response)])
    return { response, replayed: false }
  })
}

async function claim(tx: Tx, { ownerId, key, hash }: IdempotentRequest): Promise<boolean> {
  try {
    return (await tx.execute(CLAIM, [ownerId, key, hash])) === 1
  } catch (error) {
    throw isLockTimeout(error) ? inProgress() : error
  }
}

async function replay<T>(tx: Tx, { ownerId, key, hash }: IdempotentRequest): Promise<T> {
  const [record] = await tx.query<{ request_hash: Buffer; response: T }>(READ, [ownerId, key])
  if (record === undefined) throw inProgress()
  if (!record.request_hash.equals(hash)) throw keyReused()
  return record.response
}
