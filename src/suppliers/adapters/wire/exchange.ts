/** One request to a supplier, and what can be said about it without knowing the supplier. */
import type { OutboundHttp, OutboundRequest } from '../../../kit/outbound-http.ts'
import { CALL_TIMEOUT_MAX_MS } from '../../limits.ts'
import { parseWire, type Wire } from './json.ts'

export type Exchange =
  /** An answer in JSON below 500. Whether it is a yes is for the adapter to say. */
  | { readonly kind: 'json'; readonly status: number; readonly body: Wire; readonly text: string }
  /** The request certainly was not received. */
  | { readonly kind: 'not_sent'; readonly detail: string }
  /** Time-out, broken, too large, a redirect, 5xx, not JSON: it may have had its effect. */
  | { readonly kind: 'unclear'; readonly detail: string }

/** 10,000 cards of 100 bytes fit. */
const ANSWER_MAX_BYTES = 4_194_304

export async function exchange(http: OutboundHttp, request: OutboundRequest): Promise<Exchange> {
  const answer = await http.send({ timeoutMs: CALL_TIMEOUT_MAX_MS, maxBytes: ANSWER_MAX_BYTES, ...request })
  if (answer.kind === 'failed') {
    const sent = answer.failure !== 'refused_address' && answer.failure !== 'not_connected'
    return { kind: sent ? 'unclear' : 'not_sent', detail: `no answer: ${answer.failure}` }
  }
  const { status, body: text } = answer
  if (status >= 500 || (status >= 300 && status < 400)) return { kind: 'unclear', detail: `HTTP ${status}` }
  const body = parseWire(text)
  if (body === undefined) return { kind: 'unclear', detail: `HTTP ${status}, not JSON` }
  return { kind: 'json', status, body, text }
}

const MESSAGE_MAX = 160

/** What a supplier said, for people: cut, in one line, and without our credentials, which some systems echo. */
export function describeAnswer(code: string | null, message: string | null, secrets: readonly string[]): string {
  const words = [code === null ? 'no code' : `code ${code}`, ...(message === null ? [] : [message])].join(': ')
  const clean = secrets.filter(each => each !== '').reduce((text, secret) => text.replaceAll(secret, '***'), words)
  return clean.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').slice(0, MESSAGE_MAX)
}
