/** Rows to domain, domain to API and back. */
import type { Static } from 'typebox'
import { ipMatcher } from '../accounts/index.ts'
import { toApiId } from '../kit/ids.ts'
import { fromMoneyText, type MoneyText, toMoneyText } from '../kit/money.ts'
import { parseTime } from '../kit/time.ts'
import type { Credential, CredentialTerms, IssuedCredential, StoredLogin } from './credential.ts'
import type { Protocol } from './protocol.ts'
import type { FacadeCredentialSchema, IssuedFacadeCredentialSchema } from './schemas.ts'

type CredentialRow = Omit<Credential, 'dailySpendCap'> & { dailySpendCap: bigint | null; spendCurrency: string | null }

export function fromCredentialRow({ dailySpendCap, spendCurrency, ...row }: CredentialRow): Credential {
  const capped = dailySpendCap !== null && spendCurrency !== null
  return { ...row, dailySpendCap: capped ? { amount: dailySpendCap, currency: spendCurrency } : null }
}

export interface LoginRow {
  id: string
  protocol: Protocol
  login: string
  reseller_id: string
  ip_allow: string[]
  daily_spend_cap: string | null
  spend_currency: string | null
  allow_waiting: boolean
  expires_at: Date | null
  tier: string | null
  currency: string
  active: boolean
}

/** It has no scopes: its protocol bounds what it may do. */
export const fromLoginRow = (row: LoginRow): StoredLogin => ({
  keyId: row.id,
  ownerId: row.reseller_id,
  resellerId: row.reseller_id,
  protocol: row.protocol,
  login: row.login,
  currency: row.currency,
  allowWaiting: row.allow_waiting,
  principal: {
    role: 'reseller',
    apiKeyId: row.id,
    ownerId: row.reseller_id,
    actor: toApiId('key', row.id),
    scopes: new Set(),
    tier: row.tier,
    dailySpendCap: row.daily_spend_cap === null ? null : BigInt(row.daily_spend_cap),
    spendCurrency: row.spend_currency
  },
  active: row.active,
  expiresAt: row.expires_at?.getTime() ?? Number.POSITIVE_INFINITY,
  allows: row.ip_allow.length === 0 ? null : ipMatcher(row.ip_allow)
})

interface TermsRequest {
  name: string
  ipAllow?: string[]
  dailySpendCap?: MoneyText
  allowWaiting?: boolean
  expiresAt?: string
}

/** What the caller left out is as open as it can be, but for what could let a customer pay for nothing. */
export const fromApiTerms = (body: TermsRequest): CredentialTerms => ({
  name: body.name,
  ipAllow: body.ipAllow ?? [],
  dailySpendCap: body.dailySpendCap === undefined ? null : fromMoneyText(body.dailySpendCap, '/dailySpendCap'),
  allowWaiting: body.allowWaiting ?? false,
  expiresAt: body.expiresAt === undefined ? null : parseTime(body.expiresAt, '/expiresAt')
})

export const toApiCredential = (credential: Credential): Static<typeof FacadeCredentialSchema> => ({
  id: toApiId('key', credential.id),
  resellerId: toApiId('reseller', credential.resellerId),
  protocol: credential.protocol,
  login: credential.login,
  name: credential.name,
  ipAllow: [...credential.ipAllow],
  dailySpendCap: credential.dailySpendCap === null ? null : toMoneyText(credential.dailySpendCap.amount, credential.dailySpendCap.currency),
  allowWaiting: credential.allowWaiting,
  expiresAt: credential.expiresAt?.toISOString() ?? null,
  revokedAt: credential.revokedAt?.toISOString() ?? null,
  createdAt: credential.createdAt.toISOString()
})

export const toApiIssued = ({ credential, secret }: IssuedCredential): Static<typeof IssuedFacadeCredentialSchema> => ({
  ...toApiCredential(credential),
  secret
})
