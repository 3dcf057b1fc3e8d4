/**
 * Refusals of systems that have one code for "no" and say why in Chinese. Only words that can mean nothing but "not sold";
 * a number that was used before ("已存在", "重复") is not one of them, so it is looked for first.
 */
import type { RefusalKind } from '../../contract.ts'
import { findRefusal, type RefusalWords } from './verdict.ts'

const SOLD_BEFORE = /已存在|已经存在|重复|already/i
const NO_SUCH_ORDER = /(订单|单号).{0,6}(不存在|未找到|没有找到)|order not found/i

const WORDS: RefusalWords = [
  [/余额不足|预存款不足|insufficient balance/i, 'no_funds'],
  [/库存不足|库存不够|缺货|已售罄|stock is insufficient/i, 'out_of_stock'],
  [/安全价|保护价|高于.{0,6}价|价格.{0,4}变动|超出.{0,6}金额|maxmoney/i, 'price_exceeded'],
  [/商品.{0,6}(不存在|下架|未上架|停售|禁售|暂停|维护)|goods (not found|unavailable)/i, 'product_unavailable'],
  [/签名.{0,6}(错误|失败|不正确|无效)|密钥错误|白名单|时间戳.{0,6}(过期|错误)|invalid (signature|app key)|ip not allowed/i, 'auth'],
  [/频繁|请求过快|rate limit/i, 'rate_limited']
]

export const chineseRefusal = (message: string | null): RefusalKind | null =>
  message === null || SOLD_BEFORE.test(message) || NO_SUCH_ORDER.test(message) ? null : findRefusal(message, WORDS)

export const saysNoSuchOrder = (message: string | null): boolean => message !== null && NO_SUCH_ORDER.test(message)
