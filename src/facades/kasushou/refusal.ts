/** One code for "no", and the reason in words that its clients look for. */
import type { ErrorCode } from '../../kit/errors.ts'
import { codeOf, ShopRefusal, UnknownPath, type WireAnswer } from '../fault.ts'

export class Refusal extends ShopRefusal {}

export const NO_SUCH_GOODS = '商品不存在或已下架'
const PARAMETERS = '请求参数错误'

const WORDS: Readonly<Partial<Record<ErrorCode, string>>> = {
  validation_failed: PARAMETERS,
  unauthenticated: '用户不存在',
  ip_not_allowed: 'IP不在白名单内',
  account_suspended: '账号已被禁用',
  insufficient_funds: '余额不足，请充值',
  spend_cap_reached: '余额不足，已达到今日限额',
  out_of_stock: '商品库存不足',
  sku_unavailable: NO_SUCH_GOODS,
  not_found: NO_SUCH_GOODS,
  price_changed: '商品价格高于安全价格',
  reference_taken: '三方订单号已存在',
  idempotency_key_reused: '三方订单号已存在',
  rate_limited: '请求过于频繁，请稍后再试',
  payload_too_large: PARAMETERS,
  unsupported_media_type: PARAMETERS
}

const REFUSED = 400
/** It may have been sold: the order is to be asked for. */
const UNCLEAR = 500

export function toAnswer(error: unknown): WireAnswer {
  const known = error instanceof Refusal ? error.message : error instanceof UnknownPath ? '接口不存在' : WORDS[codeOf(error)]
  return { status: 200, body: { code: known === undefined ? UNCLEAR : REFUSED, msg: known ?? '系统繁忙，请稍后查询订单', data: [] } }
}
