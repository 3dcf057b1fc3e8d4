/** What a shop is told instead of success. Its customers read it: words of the protocol, never ours. */
import type { ErrorCode } from '../../kit/errors.ts'
import { codeOf, ShopRefusal } from '../fault.ts'

export class Refusal extends ShopRefusal {}

export const NO_SUCH_SHOP = '商户ID不存在'
export const WRONG_SIGNATURE = '密钥错误'
export const NO_SUCH_GOODS = '商品不存在'
export const NOT_ON_SALE = '当前商品已停售'
export const SOLD_OUT = '库存不足'
export const NO_SUCH_ORDER = '订单不存在'
const BUSY = '系统繁忙，请稍后再试'

/** The texts are the codes: clients tell a certain refusal from an unclear one by them. */
const WORDS: Readonly<Partial<Record<ErrorCode, string>>> = {
  validation_failed: '请求参数错误',
  unauthenticated: NO_SUCH_SHOP,
  insufficient_funds: '余额不足',
  spend_cap_reached: '余额不足',
  account_suspended: 'You have been banned',
  ip_not_allowed: `${WRONG_SIGNATURE}，IP 不在白名单内`,
  not_found: NO_SUCH_GOODS,
  out_of_stock: SOLD_OUT,
  sku_unavailable: NOT_ON_SALE,
  price_changed: '商品信息已经更新，请刷新后重新下单',
  reference_taken: 'The request ID already exists',
  idempotency_key_reused: 'The request ID already exists',
  rate_limited: '请求过于频繁，请稍后再试',
  payload_too_large: '请求内容过大',
  unsupported_media_type: NO_SUCH_SHOP
}

export function wordsOf(error: unknown): string {
  if (error instanceof Refusal) return error.message
  if (error instanceof ShopRefusal) return NO_SUCH_SHOP
  const code = codeOf(error)
  return WORDS[code] ?? BUSY
}
