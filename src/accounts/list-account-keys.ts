import type { Queryable } from '../kit/db/index.ts'
import { notFound } from '../kit/errors.ts'
import type { AccountKind } from './account.ts'
import type { ApiKey } from './api-key.ts'
import { findReseller, findSupplier, listKeys, type Page } from './repository.ts'

/** The keys of one account, the ended ones included. Throws: not_found. */
export async function listAccountKeys(db: Queryable, owner: { kind: AccountKind; id: string }, page: Page): Promise<ApiKey[]> {
  const find = owner.kind === 'reseller' ? findReseller : findSupplier
  const [account, keys] = await Promise.all([find(db, owner.id), listKeys(db, owner, page)])
  if (account === null) throw notFound(owner.kind)
  return keys
}
