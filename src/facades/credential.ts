/** Who may call by another system's protocol, on the terms of an API key. The secret is shown once, and kept sealed. */
import { type Login, parseIpRange } from '../accounts/index.ts'
import { invalid } from '../kit/errors.ts'
import type { Money } from '../kit/money.ts'
import type { Protocol } from './protocol.ts'

export interface CredentialTerms {
  readonly name: string
  /** Addresses and CIDR ranges; empty: any address. */
  readonly ipAllow: readonly string[]
  /** What orders placed with it may cost in one day (UTC). */
  readonly dailySpendCap: Money | null
  /** Takes orders that must be bought first, also where the protocol cannot deliver them later by itself. */
  readonly allowWaiting: boolean
  readonly expiresAt: Date | null
}

export interface Credential extends CredentialTerms {
  readonly id: string
  readonly resellerId: string
  readonly protocol: Protocol
  readonly login: string
  readonly revokedAt: Date | null
  readonly createdAt: Date
}

/** As each request needs it. */
export interface StoredLogin extends Login {
  readonly protocol: Protocol
  readonly login: string
  readonly resellerId: string
  readonly currency: string
  readonly allowWaiting: boolean
}

/** A credential on the one occasion when its secret is known. */
export interface IssuedCredential {
  readonly credential: Credential
  readonly secret: string
}

/** Throws: validation_failed. */
export function checkTerms({ ipAllow, expiresAt }: CredentialTerms): void {
  if (expiresAt !== null && expiresAt.getTime() <= Date.now()) throw invalid('/expiresAt', 'must be in the future')
  for (const [index, range] of ipAllow.entries()) {
    if (parseIpRange(range) === null) throw invalid(`/ipAllow/${index}`, 'must be an IP address or a CIDR range')
  }
}
