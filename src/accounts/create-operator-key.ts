import type { Db } from '../kit/db/index.ts'
import { draftKey, type IssuedKey, type KeyTerms, OPERATORS } from './api-key.ts'
import { scopesExceeded } from './errors.ts'
import { insertKey } from './repository.ts'
import { knownScopes } from './scopes.ts'

export interface CreateOperatorKeyInput extends Omit<KeyTerms, 'scopes'> {
  /** Undefined: all that the maker has. */
  readonly scopes: readonly string[] | undefined
  readonly makerScopes: ReadonlySet<string>
}

/** Makes a key for an operator, at most as mighty as its maker. Throws: forbidden, validation_failed. */
export async function createOperatorKey(db: Db, { scopes, makerScopes, ...terms }: CreateOperatorKeyInput): Promise<IssuedKey> {
  const granted = scopes ?? knownScopes('operator', makerScopes)
  if (!granted.every(scope => makerScopes.has(scope))) throw scopesExceeded()
  const { key, draft } = draftKey(OPERATORS, { ...terms, scopes: granted })
  return { key, apiKey: await db.tx(tx => insertKey(tx, draft)) }
}
