import type { Db } from '../kit/db/index.ts'
import { notFound } from '../kit/errors.ts'
import type { KeyOwner } from './api-key.ts'
import type { Authenticator } from './authenticator.ts'
import { revokeKey } from './repository.ts'

export interface RevokeApiKeyDeps {
  readonly db: Db
  readonly authenticator: Authenticator
}

/** Ends a key for ever; doing it again changes nothing. Throws: not_found. */
export async function revokeApiKey({ db, authenticator }: RevokeApiKeyDeps, owner: KeyOwner, id: string): Promise<void> {
  if (!(await db.tx(tx => revokeKey(tx, owner, id)))) throw notFound('key')
  authenticator.forget(id)
}
