/** The closed table of what a shop is told. */
import type { ErrorCode } from '../../kit/errors.ts'
import { codeOf, ShopRefusal, UnknownPath, type WireAnswer } from '../fault.ts'

const STATUS = {
  missing_auth_headers: 401,
  invalid_timestamp: 401,
  timestamp_expired: 401,
  invalid_signature: 401,
  invalid_api_key: 401,
  user_disabled: 403,
  bad_request: 400,
  invalid_callback_url: 400,
  sku_unavailable: 400,
  product_unavailable: 404,
  product_not_found: 404,
  order_not_found: 404,
  not_found: 404,
  insufficient_balance: 402,
  insufficient_stock: 409,
  cancel_not_allowed: 409,
  too_many_requests: 429,
  internal_error: 503
} as const

export type WireCode = keyof typeof STATUS

export class Refusal extends ShopRefusal {
  readonly code: WireCode

  constructor(code: WireCode, words: string = code) {
    super(words)
    this.code = code
  }
}

const CODES: Readonly<Partial<Record<ErrorCode, readonly [WireCode, string]>>> = {
  validation_failed: ['bad_request', 'invalid request parameters'],
  unauthenticated: ['invalid_api_key', 'invalid API key'],
  ip_not_allowed: ['invalid_api_key', 'this address is not allowed'],
  account_suspended: ['user_disabled', 'user is disabled'],
  insufficient_funds: ['insufficient_balance', 'insufficient wallet balance'],
  spend_cap_reached: ['insufficient_balance', 'the daily limit is reached'],
  out_of_stock: ['insufficient_stock', 'insufficient stock'],
  sku_unavailable: ['sku_unavailable', 'SKU is not available'],
  not_found: ['sku_unavailable', 'SKU is not available'],
  price_changed: ['bad_request', 'the price has changed'],
  reference_taken: ['bad_request', 'downstream_order_no is taken'],
  idempotency_key_reused: ['bad_request', 'downstream_order_no was used for another order'],
  rate_limited: ['too_many_requests', 'too many requests'],
  payload_too_large: ['bad_request', 'the body is too large'],
  unsupported_media_type: ['bad_request', 'the body must be JSON']
}

export function toAnswer(error: unknown): WireAnswer {
  const [code, words] = describe(error)
  return { status: STATUS[code], body: { ok: false, error_code: code, error_message: words } }
}

/** 503 and not 500: it may have been bought, and the same number finds out. */
function describe(error: unknown): readonly [WireCode, string] {
  if (error instanceof Refusal) return [error.code, error.message]
  if (error instanceof UnknownPath) return ['not_found', 'not found']
  return CODES[codeOf(error)] ?? ['internal_error', 'temporarily unavailable, repeat the request']
}
