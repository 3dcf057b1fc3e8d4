/** Operators' JWTs: signed by a key of the configured issuer's JWKS, for this hub, and not expired (RFC 8725). */
import { createRemoteJWKSet, errors, type JWTHeaderParameters, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import type { Principal } from '../http/index.ts'
import { DomainError, unauthenticated, unavailable } from '../kit/errors.ts'
import { knownScopes } from './scopes.ts'

export interface TokenIssuer {
  readonly issuer: string
  readonly audience: string
  readonly jwksUrl: string
}

/** Asymmetric only: an HMAC "signature" could be made with the public key as its secret. */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA']
const TYPES = new Set(['jwt', 'at+jwt'])
/** Headers that bring or name their own key, or demand what we do not do. */
const REFUSED_HEADERS = ['jku', 'x5u', 'jwk', 'crit']
/** Clocks of well-kept machines differ by less; more would let expired tokens live on. */
const CLOCK_TOLERANCE_SECONDS = 5
/** A request waits for the issuer no longer than this. */
const JWKS_TIMEOUT_MS = 3_000
/** Between two reads for unknown key ids, which anyone can send. */
const JWKS_COOLDOWN_MS = 30_000
const SUBJECT_MAX_LENGTH = 200

/** Throws: unauthenticated, dependency_unavailable. */
export type VerifyToken = (token: string) => Promise<Principal>

export function createTokenVerifier({ issuer, audience, jwksUrl }: TokenIssuer): VerifyToken {
  const fetchKey = createRemoteJWKSet(new URL(jwksUrl), { timeoutDuration: JWKS_TIMEOUT_MS, cooldownDuration: JWKS_COOLDOWN_MS })
  const options = { algorithms: ALGORITHMS, issuer, audience, requiredClaims: ['exp'], clockTolerance: CLOCK_TOLERANCE_SECONDS }
  return async token => {
    try {
      const { payload } = await jwtVerify(token, keyFor(fetchKey), options)
      return toPrincipal(payload)
    } catch (error) {
      throw error instanceof DomainError ? error : unauthenticated()
    }
  }
}

/** Looks at the header before any key is fetched. */
const keyFor =
  (fetchKey: JWTVerifyGetKey): JWTVerifyGetKey =>
  async (header, token) => {
    if (!isAcceptable(header)) throw unauthenticated()
    try {
      return await fetchKey(header, token)
    } catch (error) {
      if (isUnknownKey(error)) throw unauthenticated()
      throw unavailable('The keys of the token issuer cannot be read right now.', error)
    }
  }

function isAcceptable(header: JWTHeaderParameters): boolean {
  if (REFUSED_HEADERS.some(name => Object.hasOwn(header, name))) return false
  if (header.typ === undefined) return true
  return typeof header.typ === 'string' && TYPES.has(header.typ.toLowerCase().replace(/^application\//, ''))
}

const isUnknownKey = (error: unknown): boolean =>
  error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys || error instanceof errors.JOSENotSupported

function toPrincipal({ sub, scope }: JWTPayload): Principal {
  return {
    role: 'operator',
    apiKeyId: null,
    ownerId: null,
    actor: `jwt:${(typeof sub === 'string' ? sub : '').slice(0, SUBJECT_MAX_LENGTH)}`,
    scopes: new Set(knownScopes('operator', typeof scope === 'string' ? scope.split(' ') : [])),
    tier: null,
    dailySpendCap: null,
    spendCurrency: null
  }
}
