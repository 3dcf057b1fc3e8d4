import type { OutboundHttp } from '../../../kit/outbound-http.ts'
import { hmacSha256, md5Hex } from '../wire/digest.ts'
import { describeAnswer, exchange, type NoAnswer } from '../wire/exchange.ts'
import { at, textAt, type Wire } from '../wire/json.ts'

export interface Connection {
  readonly baseUrl: string
  readonly apiKey: string
  readonly apiSecret: string
  readonly currency: string
  readonly http: OutboundHttp
}

export interface Signed {
  readonly method: string
  /** Without the query, which is not signed. */
  readonly path: string
  readonly time: string
  readonly body: string
}

export const sign = ({ method, path, time, body }: Signed, secret: string): string =>
  hmacSha256(secret, `${method}\n${path}\n${time}\n${md5Hex(body)}`).toString('hex')

export type Answer = { readonly kind: 'json'; readonly ok: boolean; readonly body: Wire; readonly error: string; readonly says: string } | NoAnswer

export async function call(connection: Connection, method: 'GET' | 'POST', path: string, fields?: object): Promise<Answer> {
  const { baseUrl, apiKey, apiSecret, http } = connection
  const url = `${baseUrl}/api/v1/upstream${path}`
  const body = fields === undefined ? '' : JSON.stringify(fields)
  const time = String(Math.floor(Date.now() / 1000))
  const headers = {
    'content-type': 'application/json',
    'dujiao-next-api-key': apiKey,
    'dujiao-next-timestamp': time,
    'dujiao-next-signature': sign({ method, path: new URL(url).pathname, time, body }, apiSecret)
  }
  const reply = await exchange(http, { method, url, headers, ...(body === '' ? {} : { body }) })
  if (reply.kind !== 'json') return reply
  const error = textAt(reply.body, 'error_code') ?? ''
  const says = describeAnswer(error || null, textAt(reply.body, 'error_message'), [apiKey, apiSecret])
  return { kind: 'json', ok: at(reply.body, 'ok') === true, body: reply.body, error, says }
}
