/** From a bearer credential to a principal: an API key, the bootstrap key, or an operator's JWT. */
import { hash, timingSafeEqual } from 'node:crypto'
import type { Authenticate, Principal } from '../http/index.ts'
import type { Queryable } from '../kit/db/index.ts'
import { unauthenticated } from '../kit/errors.ts'
import { createKeyCache } from './key-cache.ts'
import { isKeyText } from './key-text.ts'
import { admit } from './login.ts'
import { createTokenVerifier, type TokenIssuer } from './operator-token.ts'
import { readLogins } from './repository.ts'
import { SCOPES } from './scopes.ts'

export interface Authenticator {
  /** Answers at once when the key is cached. */
  readonly authenticate: Authenticate
  /** Makes a change of a key or of its owner effective now in this process; the others follow within seconds. */
  forget(keyOrOwnerId: string): void
  /** Which keys there are here: `kh_test_` in a sandbox, else `kh_live_`. */
  readonly sandbox: boolean
}

export interface AuthenticatorOptions {
  readonly db: Queryable
  /** SHA-256 of the key of an operator with every scope, for the first steps and for emergencies. */
  readonly bootstrapKeyHash: Buffer | null
  readonly jwt: TokenIssuer | null
  /** Default false. */
  readonly sandbox?: boolean
}

/** A longer text is no credential of ours and is not even hashed. */
const CREDENTIAL_MAX_LENGTH = 8_192

export function createAuthenticator({ db, bootstrapKeyHash, jwt, sandbox = false }: AuthenticatorOptions): Authenticator {
  const keys = createKeyCache(hashes => readLogins(db, hashes))
  const isBootstrap = bootstrapKeyHash === null ? () => false : bootstrapMatcher(bootstrapKeyHash)
  const verifyToken = jwt === null ? null : createTokenVerifier(jwt)
  const authenticate: Authenticate = (credential, ip) => {
    if (credential.length > CREDENTIAL_MAX_LENGTH) throw unauthenticated()
    const hashText = hash('sha256', credential, 'base64')
    const cached = keys.get(hashText)
    if (cached !== undefined) return admit(cached, ip)
    if (isBootstrap(credential)) return BOOTSTRAP
    if (isKeyText(credential, sandbox)) return keys.load(hashText).then(login => admit(login, ip))
    if (verifyToken !== null) return verifyToken(credential)
    throw unauthenticated()
  }
  return { authenticate, forget: keys.forget, sandbox }
}

const BOOTSTRAP: Principal = {
  role: 'operator',
  apiKeyId: null,
  ownerId: null,
  actor: 'bootstrap',
  scopes: new Set(SCOPES.operator),
  tier: null,
  dailySpendCap: null,
  spendCurrency: null
}

/** Compares the bytes that were sent: Node hands header text over as Latin-1, whatever it was. */
const bootstrapMatcher =
  (expected: Buffer) =>
  (credential: string): boolean =>
    timingSafeEqual(hash('sha256', Buffer.from(credential, 'latin1'), 'buffer'), expected)
