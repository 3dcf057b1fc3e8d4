/** API keys: what a key permits, and the rules for making one. The key's text is shown once and stored as a hash only. */
import { invalid } from '../kit/errors.ts'
import { newId } from '../kit/ids.ts'
import type { Money } from '../kit/money.ts'
import { parseIpRange } from './ip-allow.ts'
import { hashCredential, hintOf, newKeyText } from './key-text.ts'
import type { KeyKind } from './scopes.ts'

/** `id` is null for operators, who are nobody's account. */
export interface KeyOwner {
  readonly kind: KeyKind
  readonly id: string | null
}

export const OPERATORS: KeyOwner = { kind: 'operator', id: null }

/** What a caller may ask of a new key. */
export interface KeyTerms {
  readonly name: string
  readonly scopes: readonly string[]
  /** Addresses and CIDR ranges; empty: any address. */
  readonly ipAllow: readonly string[]
  /** What orders placed with this key may cost in one day (UTC). */
  readonly dailySpendCap: Money | null
  readonly expiresAt: Date | null
  /** A `kh_test_` key. */
  readonly test: boolean
}

export interface ApiKey extends KeyTerms {
  readonly id: string
  /** The last characters of the key, to tell keys apart. */
  readonly hint: string
  readonly revokedAt: Date | null
  readonly createdAt: Date
}

/** What is stored of a new key. */
export interface KeyDraft extends KeyTerms {
  readonly id: string
  readonly owner: KeyOwner
  readonly hash: Buffer
  readonly hint: string
}

/** A key on the one occasion when its text is known. */
export interface IssuedKey {
  readonly key: string
  readonly apiKey: ApiKey
}

/** Throws: validation_failed. */
export function draftKey(owner: KeyOwner, terms: KeyTerms): { key: string; draft: KeyDraft } {
  if (terms.expiresAt !== null && terms.expiresAt.getTime() <= Date.now()) throw invalid('/expiresAt', 'must be in the future')
  for (const [index, range] of terms.ipAllow.entries()) {
    if (parseIpRange(range) === null) throw invalid(`/ipAllow/${index}`, 'must be an IP address or a CIDR range')
  }
  const { name, scopes, ipAllow, dailySpendCap, expiresAt, test } = terms
  const key = newKeyText(test)
  const identity = { id: newId(), owner, hash: hashCredential(key), hint: hintOf(key) }
  return { key, draft: { ...identity, name, scopes, ipAllow, dailySpendCap, expiresAt, test } }
}

/** True until the key is revoked or its time is over. */
export const isUsable = (key: Pick<ApiKey, 'revokedAt' | 'expiresAt'>): boolean =>
  key.revokedAt === null && (key.expiresAt === null || key.expiresAt.getTime() > Date.now())
