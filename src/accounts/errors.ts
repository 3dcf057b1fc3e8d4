/** What can go wrong here, beside the shared `unauthenticated`, `invalid` and `notFound`. */
import { DomainError } from '../kit/errors.ts'

export const accountSuspended = (): DomainError => new DomainError('account_suspended', 'This account is paused.')

export const ipNotAllowed = (): DomainError => new DomainError('ip_not_allowed', 'This API key may not be used from this address.')

export const keyUnusable = (): DomainError => new DomainError('state_conflict', 'The key is revoked or expired; create a new one.')

export const scopesExceeded = (): DomainError => new DomainError('forbidden', 'A key cannot be given scopes that its maker does not hold.')
