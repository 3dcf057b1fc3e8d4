/** One request to a supplier, and what can be said about it without knowing the supplier. */
import type { OutboundHttp, OutboundRequest } from '../../../kit/outbound-http.ts'
import { CALL_TIMEOUT_MAX_MS } from '../../limits.ts'
import { parseWire, type Wire } from './json.ts'

export type Exchange =
  /** An answer in JSON below 500. Whether it is a yes is for the adapter to say. */
  | { readonly kind: 'json'; readonly status: number; readonly body: Wire; readonly text: string }
  /** The request certainly was not received. */
  | { readonly kind: 'not_sent'; readonly detail: string }
  /** HTTP 429: it was received, and not acted on. */
  | { readonly kind: 'throttled'; readonly detail: string }
  /** Time-out, broken, too large, a redirect, 5xx, not JSON: it may have had its effect. */
  | { readonly kind: 'unclear'; readonly detail: string }

export type NoAnswer = Exclude<Exchange, { readonly kind: 'json' }>

/** 10,000 cards of 100 bytes fit. */
const ANSWER_MAX_BYTES = 4_194_304
const TOO_MANY_REQUESTS = 429

export async function exchange(http: OutboundHttp, request: OutboundRequest): Promise<Exchange> {
  const headers = { accept: 'application/json', ...request.headers }
  const answer = await http.send({ timeoutMs: CALL_TIMEOUT_MAX_MS, maxBytes: ANSWER_MAX_BYTES, ...request, headers })
  if (answer.kind === 'failed') {
    const sent = answer.failure !== 'refused_address' && answer.failure !== 'not_connected'
    return { kind: sent ? 'unclear' : 'not_sent', detail: `no answer: ${answer.failure}` }
  }
  const { status, body: text } = answer
  if (status === TOO_MANY_REQUESTS) return { kind: 'throttled', detail: `HTTP ${status}` }
  if (status >= 500 || (status >= 300 && status < 400)) return { kind: 'unclear', detail: `HTTP ${status}` }
  const body = parseWire(text)
  if (body === undefined) return { kind: 'unclear', detail: `HTTP ${status}, not JSON` }
  return { kind: 'json', status, body, text }
}

const MESSAGE_MAX = 160

/** A code of a system, and not something that was put in its place. */
const CODE = /^[A-Za-z_.:-]*[0-9]{0,8}[A-Za-z_.:-]*$/
const CODE_MAX = 40
const HIDDEN = '***'
const WORD = /[\p{L}\p{N}@_+/=.-]+/gu
const AMOUNT = /^-?[0-9]{1,9}(\.[0-9]{1,4})?$/
/** Fewer digits are a count, a status, or a price. */
const DIGITS_MIN = 4
/** Longer than the words of any language that these systems speak; Chinese has no blanks between its words. */
const LONG = /[A-Za-z+/=_-]{18,}/

/**
 * What may be a card, a PIN, or an account: these messages are kept as they come, and cards are not. Too much is hidden rather than too little:
 * the supplier still has it all.
 */
const withoutSecrets = (message: string): string => message.replaceAll(WORD, word => (isTelling(word) ? HIDDEN : word))

function isTelling(word: string): boolean {
  const digits = word.replaceAll(/[^0-9]/g, '').length
  const isAmount = word.includes('.') && AMOUNT.test(word)
  const isMixed = digits > 0 && word.length >= 2 * DIGITS_MIN
  return word.includes('@') || (!isAmount && (digits >= DIGITS_MIN || isMixed)) || /[A-Z]{3,}-[A-Z]{3,}/.test(word) || LONG.test(word)
}

/** What a supplier said, for people: cut, in one line, without our credentials, which some systems echo, and without what they sold. */
export function describeAnswer(code: string | null, message: string | null, secrets: readonly string[]): string {
  const known = code === null ? 'no code' : `code ${CODE.test(code) && code.length <= CODE_MAX ? code : withoutSecrets(code)}`
  const words = [known, ...(message === null ? [] : [withoutSecrets(message)])].join(': ')
  const clean = secrets.filter(each => each !== '').reduce((text, secret) => text.replaceAll(secret, '***'), words)
  return clean.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').slice(0, MESSAGE_MAX)
}
