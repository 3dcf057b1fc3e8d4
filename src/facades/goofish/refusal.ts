/** The standard's table of codes. */
import type { ErrorCode } from '../../kit/errors.ts'
import { codeOf, ShopRefusal, UnknownPath, type WireAnswer } from '../fault.ts'

const WORDS = {
  1: '请求错误',
  401: '签名错误',
  403: 'IP不在白名单',
  408: '时间戳已超过有效期',
  500: '系统异常',
  1000: '商户不存在',
  1001: '商户不可用',
  1002: '商户余额不足',
  1100: '商品不存在',
  1101: '商品不可用',
  1102: '商品库存不足',
  1200: '订单不存在',
  1201: '下单参数错误',
  1202: '下单金额低于成本价',
  1203: '下单管家订单号已存在',
  1209: '下单超时'
} as const

export type WireCode = keyof typeof WORDS

export class Refusal extends ShopRefusal {
  readonly code: WireCode

  constructor(code: WireCode) {
    super(WORDS[code])
    this.code = code
  }
}

/** What is unclear is 1209: the order is to be asked for. */
const CODES: Readonly<Partial<Record<ErrorCode, WireCode>>> = {
  validation_failed: 1201,
  unauthenticated: 1000,
  ip_not_allowed: 403,
  account_suspended: 1001,
  insufficient_funds: 1002,
  spend_cap_reached: 1002,
  out_of_stock: 1102,
  sku_unavailable: 1101,
  not_found: 1100,
  price_changed: 1202,
  reference_taken: 1203,
  idempotency_key_reused: 1203,
  rate_limited: 1,
  payload_too_large: 1201,
  unsupported_media_type: 1,
  request_in_progress: 1209,
  overloaded: 1209,
  dependency_unavailable: 1209
}

function wireCodeOf(error: unknown): WireCode {
  if (error instanceof Refusal) return error.code
  return error instanceof UnknownPath ? 1 : (CODES[codeOf(error)] ?? 500)
}

export function toAnswer(error: unknown): WireAnswer {
  const code = wireCodeOf(error)
  return { status: 200, body: { code, msg: WORDS[code] } }
}
