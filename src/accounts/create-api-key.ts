import type { Db, Tx } from '../kit/db/index.ts'
import { invalid, notFound } from '../kit/errors.ts'
import type { AccountKind } from './account.ts'
import { draftKey, type IssuedKey, type KeyTerms } from './api-key.ts'
import { findReseller, findSupplier, insertKey } from './repository.ts'
import { SCOPES } from './scopes.ts'

export interface CreateApiKeyInput extends Omit<KeyTerms, 'scopes'> {
  readonly account: { readonly kind: AccountKind; readonly id: string }
  /** Undefined: all of the role. */
  readonly scopes: readonly string[] | undefined
}

/** Makes a key for a reseller or a supplier; its text is returned here and never again. Throws: not_found, validation_failed. */
export async function createApiKey(db: Db, { account, scopes, ...terms }: CreateApiKeyInput): Promise<IssuedKey> {
  const { key, draft } = draftKey(account, { ...terms, scopes: scopes ?? SCOPES[account.kind] })
  const apiKey = await db.tx(async tx => {
    if (account.kind === 'supplier') await requireSupplier(tx, account.id)
    else await requireReseller(tx, account.id, terms.dailySpendCap?.currency)
    return await insertKey(tx, draft)
  })
  return { key, apiKey }
}

async function requireSupplier(tx: Tx, id: string): Promise<void> {
  if ((await findSupplier(tx, id)) === null) throw notFound('supplier')
}

async function requireReseller(tx: Tx, id: string, capCurrency: string | undefined): Promise<void> {
  const reseller = await findReseller(tx, id)
  if (reseller === null) throw notFound('reseller')
  if (capCurrency !== undefined && capCurrency !== reseller.currency) {
    throw invalid('/dailySpendCap/currency', `must be the currency of the reseller's wallet, ${reseller.currency}`)
  }
}
