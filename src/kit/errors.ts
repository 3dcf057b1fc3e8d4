/**
 * The closed table of what can go wrong for a caller. HTTP status, title and documentation are mapped once, in `http/problem.ts`.
 * `detail` is public text; `cause` is for the log and never leaves the process.
 */
export const ERROR_CODES = [
  'validation_failed',
  'idempotency_key_missing',
  'unauthenticated',
  'insufficient_funds',
  'forbidden',
  'account_suspended',
  'spend_cap_reached',
  'ip_not_allowed',
  'not_found',
  'method_not_allowed',
  'not_acceptable',
  'request_timeout',
  'out_of_stock',
  'price_changed',
  'sku_unavailable',
  'reference_taken',
  'request_in_progress',
  'state_conflict',
  'cursor_expired',
  'payload_too_large',
  'unsupported_media_type',
  'idempotency_key_reused',
  'url_refused',
  'rate_limited',
  'header_too_large',
  'internal_error',
  'overloaded',
  'dependency_unavailable'
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

/** One wrong field: `pointer` is a JSON pointer into the body, or `/query/limit`, `/headers/idempotency-key`. */
export interface FieldError {
  readonly pointer: string
  readonly message: string
}

export interface ErrorExtras {
  readonly retryAfterSeconds?: number
  readonly errors?: readonly FieldError[]
  readonly cause?: unknown
}

export class DomainError extends Error {
  readonly code: ErrorCode
  readonly retryAfterSeconds: number | undefined
  readonly errors: readonly FieldError[] | undefined

  constructor(code: ErrorCode, detail: string, extras: ErrorExtras = {}) {
    // A refusal is an answer, not a defect: its stack is never read, and taking it costs more than the rest of a refused order.
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = 0
    super(detail, extras.cause === undefined ? undefined : { cause: extras.cause })
    Error.stackTraceLimit = limit
    this.name = 'DomainError'
    this.code = code
    this.retryAfterSeconds = extras.retryAfterSeconds
    this.errors = extras.errors
  }
}

export const invalid = (pointer: string, message: string): DomainError =>
  new DomainError('validation_failed', 'The request is not valid.', { errors: [{ pointer, message }] })

/** One text for every reason, so that probing learns nothing. */
export const unauthenticated = (): DomainError => new DomainError('unauthenticated', 'The credential is missing, unknown, revoked or expired.')

/** Also for what belongs to someone else: a caller who may not read a thing must not learn that it exists. */
export const notFound = (what: string): DomainError => new DomainError('not_found', `No such ${what}.`)

export const overloaded = (detail: string, retryAfterSeconds = 1): DomainError => new DomainError('overloaded', detail, { retryAfterSeconds })

export const unavailable = (detail: string, cause?: unknown): DomainError =>
  new DomainError('dependency_unavailable', detail, { retryAfterSeconds: 2, cause })

/** Makes the compiler refuse a switch that forgot a case. */
export function assertNever(value: never): never {
  throw new Error(`unhandled case: ${JSON.stringify(value)}`)
}
