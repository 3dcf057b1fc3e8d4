import type { OutboundHttp } from '../../../kit/outbound-http.ts'
import type { RefusalKind } from '../../contract.ts'
import { describeAnswer, exchange, type NoAnswer } from '../wire/exchange.ts'
import { at, textAt, type Wire } from '../wire/json.ts'
import { findRefusal, type RefusalWords } from '../wire/verdict.ts'
import { signFields } from './sign.ts'

export interface Connection {
  readonly baseUrl: string
  readonly appId: string
  readonly appKey: string
  readonly currency: string
  readonly http: OutboundHttp
}

export type Answer =
  | { readonly kind: 'json'; readonly ok: boolean; readonly data: Wire | undefined; readonly refusal: RefusalKind | null; readonly says: string }
  | NoAnswer

const SUCCESS = '200'
const REFUSED = '0'

/**
 * The texts are the codes. "The request ID already exists" is missing: it was sold, or another buyer had the same number. So are
 * texts of plugins and translations, which may say just that.
 */
const WORDS: RefusalWords = [
  [/^(库存不足|此宝贝已被他人抢走|该卡已被他人抢走啦)/, 'out_of_stock'],
  [/^余额不足/, 'no_funds'],
  [/^(商品不存在|当前商品已停售|该商品暂未上架|预选的宝贝不存在|抢购(还未开始|已结束)|商品信息已经更新)/, 'product_unavailable'],
  [/^(至少购买1个|请选择|此商品类型不存在|本商品(最少|单次最多)购买|该商品每人只能购买)|选择错误$/, 'invalid_request'],
  [/^(商户ID不存在|密钥错误|You have been banned)/, 'auth'],
  [/^(The current session is not secure|当前支付方式已停用)/, 'rejected']
]

/** Without the app key in clear text: the server does not need it. */
export async function call({ baseUrl, appId, appKey, http }: Connection, path: string, fields: Readonly<Record<string, string>>): Promise<Answer> {
  const all = { ...fields, app_id: appId }
  const body = new URLSearchParams({ ...all, sign: signFields(all, appKey) }).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const reply = await exchange(http, { method: 'POST', url: `${baseUrl}/shared/${path}`, headers, body })
  if (reply.kind !== 'json') return reply
  const code = textAt(reply.body, 'code')
  const words = textAt(reply.body, 'msg')
  const refusal = code === REFUSED ? findRefusal(words, WORDS) : null
  return { kind: 'json', ok: code === SUCCESS, data: at(reply.body, 'data'), refusal, says: describeAnswer(code, words, [appKey]) }
}

/** A connection pool would have them in parallel; trades of one account on different goods then deadlock in the shop's database. */
export function createTurnstile(): <T>(pass: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return pass => {
    const mine = last.then(pass, pass)
    last = mine
    return mine
  }
}
