/** Rows to domain, domain to API and back. */
import type { Static } from 'typebox'
import { invalid } from '../kit/errors.ts'
import { toApiId } from '../kit/ids.ts'
import { fromMoneyText, type MoneyText, toMoneyText } from '../kit/money.ts'
import { parseTime } from '../kit/time.ts'
import type { Reseller } from './account.ts'
import type { ApiKey, IssuedKey, KeyTerms } from './api-key.ts'
import { ipMatcher } from './ip-allow.ts'
import type { Login } from './login.ts'
import type { ApiKeySchema, IssuedKeySchema, ResellerSchema } from './schemas.ts'
import type { KeyKind } from './scopes.ts'

type KeyRow = Omit<ApiKey, 'dailySpendCap'> & { dailySpendCap: bigint | null; spendCurrency: string | null }

export function fromKeyRow({ dailySpendCap, spendCurrency, ...row }: KeyRow): ApiKey {
  const capped = dailySpendCap !== null && spendCurrency !== null
  return { ...row, dailySpendCap: capped ? { amount: dailySpendCap, currency: spendCurrency } : null }
}

export interface LoginRow {
  key_hash: Buffer
  id: string
  kind: KeyKind
  owner_id: string | null
  scopes: string[]
  ip_allow: string[]
  daily_spend_cap: string | null
  spend_currency: string | null
  expires_at: Date | null
  tier: string | null
  active: boolean
}

export const fromLoginRow = (row: LoginRow): Login => ({
  keyId: row.id,
  ownerId: row.owner_id,
  principal: {
    role: row.kind,
    apiKeyId: row.id,
    ownerId: row.owner_id,
    actor: toApiId('key', row.id),
    scopes: new Set(row.scopes),
    tier: row.tier,
    dailySpendCap: row.daily_spend_cap === null ? null : BigInt(row.daily_spend_cap),
    spendCurrency: row.spend_currency
  },
  active: row.active,
  expiresAt: row.expires_at?.getTime() ?? Number.POSITIVE_INFINITY,
  allows: row.ip_allow.length === 0 ? null : ipMatcher(row.ip_allow)
})

interface KeyRequest {
  name: string
  ipAllow?: string[]
  dailySpendCap?: MoneyText
  expiresAt?: string
  test?: boolean
}

/**
 * What the caller left out is as open as it can be; the scopes' default is the command's business. A key for tests that buys real cards
 * would be a trap, so an installation has keys of one kind only. Throws: validation_failed.
 */
export function fromApiKeyTerms(body: KeyRequest, sandbox: boolean): Omit<KeyTerms, 'scopes'> {
  if (body.test === true && !sandbox) throw invalid('/test', 'must be false: this is no sandbox, and every key buys real cards')
  if (body.test === false && sandbox) throw invalid('/test', 'must be true: this is a sandbox')
  return {
    name: body.name,
    ipAllow: body.ipAllow ?? [],
    dailySpendCap: body.dailySpendCap === undefined ? null : fromMoneyText(body.dailySpendCap, '/dailySpendCap'),
    expiresAt: body.expiresAt === undefined ? null : parseTime(body.expiresAt, '/expiresAt'),
    test: sandbox
  }
}

export const toApiReseller = (reseller: Reseller): Static<typeof ResellerSchema> => ({
  id: toApiId('reseller', reseller.id),
  name: reseller.name,
  tier: reseller.tier,
  currency: reseller.currency,
  state: reseller.state,
  createdAt: reseller.createdAt.toISOString(),
  updatedAt: reseller.updatedAt.toISOString()
})

export const toApiKey = (key: ApiKey): Static<typeof ApiKeySchema> => ({
  id: toApiId('key', key.id),
  name: key.name,
  hint: key.hint,
  test: key.test,
  scopes: [...key.scopes],
  ipAllow: [...key.ipAllow],
  dailySpendCap: key.dailySpendCap === null ? null : toMoneyText(key.dailySpendCap.amount, key.dailySpendCap.currency),
  expiresAt: key.expiresAt?.toISOString() ?? null,
  revokedAt: key.revokedAt?.toISOString() ?? null,
  createdAt: key.createdAt.toISOString()
})

export const toApiIssuedKey = ({ apiKey, key }: IssuedKey): Static<typeof IssuedKeySchema> => ({ ...toApiKey(apiKey), key })
