/** One call of the gateway: signed envelope out, verified envelope in. */
import type { OutboundHttp } from '../../../kit/outbound-http.ts'
import { sameText } from '../wire/digest.ts'
import { describeAnswer, exchange, type NoAnswer } from '../wire/exchange.ts'
import { parseWire, textAt, type Wire } from '../wire/json.ts'
import { signRequest, signText, toBeijingTime } from './sign.ts'

export interface Connection {
  readonly url: string
  readonly appKey: string
  readonly appSecret: string
  readonly callbackAnswer: string
  readonly currency: string
  readonly http: OutboundHttp
}

export type Answer = { readonly kind: 'json'; readonly code: string | null; readonly result: Wire | undefined; readonly says: string } | NoAnswer

export async function call(connection: Connection, method: string, biz: object): Promise<Answer> {
  const { url, appKey, appSecret, http } = connection
  const fields = {
    app_key: appKey,
    method: `fulu.${method}`,
    timestamp: toBeijingTime(Date.now()),
    version: '2.0',
    format: 'json',
    charset: 'utf-8',
    sign_type: 'md5',
    app_auth_token: '',
    biz_content: JSON.stringify(biz)
  }
  const body = JSON.stringify({ ...fields, sign: signRequest(fields, appSecret) })
  const reply = await exchange(http, { method: 'POST', url, headers: { 'content-type': 'application/json' }, body })
  if (reply.kind !== 'json') return reply
  const code = textAt(reply.body, 'code')
  const result = textAt(reply.body, 'result')
  if (result !== null && !sameText(textAt(reply.body, 'sign') ?? '', signText(result, appSecret)))
    return { kind: 'unclear', detail: 'the answer is not signed by Fulu' }
  const says = describeAnswer(code, textAt(reply.body, 'message'), [appKey, appSecret])
  return { kind: 'json', code, result: result === null ? undefined : parseWire(result), says }
}
