/** What PostgreSQL's SQLSTATE codes mean to a caller. The driver's own words stay in `cause`. */
import { DomainError, overloaded, unavailable } from '../errors.ts'

const RETRYABLE = new Set(['40001', '40P01'])
const TIMED_OUT = new Set(['55P03', '57014', '25P03', '25P04'])
const AWAY_CLASSES = new Set(['08', '53', '57', '58'])
const AWAY_SYSCALLS = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOENT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'])

interface PgError {
  code?: string
  constraint?: string
  cause?: unknown
  message?: string
}

/** drizzle wraps the driver's error, which is one level down; a connection that was lost has no code even there. */
function pgError(error: unknown): PgError {
  const outer = (error ?? {}) as PgError
  return outer.code === undefined && outer.cause instanceof Error ? (outer.cause as PgError) : outer
}

export const sqlState = (error: unknown): string | undefined => pgError(error).code

export const isRetryable = (error: unknown): boolean => RETRYABLE.has(sqlState(error) ?? '')

/** The transaction had failed before this statement. */
export const isAfterFailure = (error: unknown): boolean => sqlState(error) === '25P02'

export const isLockTimeout = (error: unknown): boolean => sqlState(error) === '55P03'

/** True for a unique violation, of this constraint or index if one is named. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  const { code, constraint: violated } = pgError(error)
  return code === '23505' && (constraint === undefined || violated === constraint)
}

/**
 * Domain errors and constraint violations pass unchanged: only the repository that wrote the statement knows what a violation means.
 * A lost connection is `dependency_unavailable`, also during COMMIT, where the outcome is unknown until the same key is sent again.
 */
export function toDomainError(error: unknown): unknown {
  if (error instanceof DomainError) return error
  const { code = '', message = '' } = pgError(error)
  if (TIMED_OUT.has(code) || RETRYABLE.has(code)) return overloaded('The database is busy. Repeat the request with the same key.', 2)
  if (AWAY_CLASSES.has(code.slice(0, 2)) && /^[0-9A-Z]{5}$/.test(code)) return away(error)
  if (AWAY_SYSCALLS.has(code)) return away(error)
  if (/connection|timeout exceeded when trying to connect|not queryable|Client was closed/i.test(message)) return away(error)
  return error
}

const away = (cause: unknown): DomainError => unavailable('The database cannot be reached right now. Repeat the request with the same key.', cause)
