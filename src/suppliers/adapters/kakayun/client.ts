import type { OutboundHttp } from '../../../kit/outbound-http.ts'
import { describeAnswer, exchange, type NoAnswer } from '../wire/exchange.ts'
import { at, textAt, type Wire } from '../wire/json.ts'
import { type Fields, signFields } from './sign.ts'

export interface Connection {
  readonly baseUrl: string
  readonly userId: string
  readonly key: string
  readonly callbackAnswer: string
  readonly currency: string
  readonly http: OutboundHttp
}

export type Answer =
  | {
      readonly kind: 'json'
      readonly ok: boolean
      readonly data: Wire | undefined
      /** Null: the code does not say that it is a refusal. */
      readonly message: string | null
      /** Null also where the code says that nobody knows. */
      readonly words: string | null
      readonly says: string
    }
  | NoAnswer

const SUCCESS = '1'
/** The only failures whose words may be read. 9999 says itself that the result is unknown, and every other code is unknown to us. */
const REFUSED = ['0', '-1']
const NOBODY_KNOWS = '9999'

export async function call({ baseUrl, userId, key, http }: Connection, path: string, fields: Fields): Promise<Answer> {
  const signed = { ...fields, userid: userId, timestamp: Math.floor(Date.now() / 1000) }
  const body = JSON.stringify({ ...signed, sign: signFields(signed, key) })
  const reply = await exchange(http, { method: 'POST', url: `${baseUrl}/dockapiv3/${path}`, headers: { 'content-type': 'application/json' }, body })
  if (reply.kind !== 'json') return reply
  const code = textAt(reply.body, 'code') ?? ''
  const words = textAt(reply.body, 'msg') ?? textAt(reply.body, 'message')
  const says = describeAnswer(code, words, [key, userId])
  return {
    kind: 'json',
    ok: code === SUCCESS,
    data: at(reply.body, 'data'),
    message: REFUSED.includes(code) ? words : null,
    words: code === NOBODY_KNOWS ? null : words,
    says
  }
}
