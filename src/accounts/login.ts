/** A stored key as each request needs it, and the checks that depend on the moment and the caller's address. */
import type { Principal } from '../http/index.ts'
import { unauthenticated } from '../kit/errors.ts'
import { accountSuspended, ipNotAllowed } from './errors.ts'

export interface Login {
  readonly keyId: string
  readonly ownerId: string | null
  readonly principal: Principal
  /** False: the owner is paused. */
  readonly active: boolean
  /** Milliseconds since the epoch, or Infinity. */
  readonly expiresAt: number
  /** Null: from anywhere. */
  readonly allows: ((ip: string) => boolean) | null
}

/** The address is checked before the account: a thief elsewhere must not learn its state. Throws: unauthenticated, ip_not_allowed, account_suspended. */
export function admit(login: Login | null, ip: string): Principal {
  if (login === null || login.expiresAt <= Date.now()) throw unauthenticated()
  if (login.allows !== null && !login.allows(ip)) throw ipNotAllowed()
  if (!login.active) throw accountSuspended()
  return login.principal
}
