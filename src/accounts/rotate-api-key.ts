import type { Db } from '../kit/db/index.ts'
import { notFound } from '../kit/errors.ts'
import { draftKey, type IssuedKey, isUsable, type KeyOwner } from './api-key.ts'
import type { Authenticator } from './authenticator.ts'
import { keyUnusable } from './errors.ts'
import { expireKey, insertKey, lockKey } from './repository.ts'

export interface RotateApiKeyDeps {
  readonly db: Db
  readonly authenticator: Authenticator
}

export interface RotateApiKeyInput {
  readonly owner: KeyOwner
  readonly id: string
  /** How long the old key goes on working. */
  readonly overlapSeconds: number
}

/**
 * Makes a successor on the same terms, expiry included, and ends the old key after the overlap. The daily cap counts for each key.
 * A repeated rotation makes another successor: an answer that was lost is lost, because its key is not stored.
 * Throws: not_found, state_conflict.
 */
export async function rotateApiKey({ db, authenticator }: RotateApiKeyDeps, input: RotateApiKeyInput): Promise<IssuedKey> {
  const { key, ...apiKey } = await db.tx(async tx => {
    const old = await lockKey(tx, input.owner, input.id)
    if (old === null) throw notFound('key')
    if (!isUsable(old)) throw keyUnusable()
    const { key, draft } = draftKey(input.owner, old)
    const successor = await insertKey(tx, draft)
    await expireKey(tx, old.id, input.overlapSeconds)
    return { ...successor, key }
  })
  authenticator.forget(input.id)
  return { key, apiKey }
}
