/**
 * Is a push signed by its supplier? Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`, the body byte for byte. By node:crypto,
 * because a body may have 16 MB, and comes from anyone.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

/** A replay is recognised by its id for ever; this only keeps old recordings and wrong clocks out. */
const TOLERANCE_SECONDS = 300
/** A sender that rotates its secret signs twice. */
const SIGNATURES_MAX = 16
/** Visible characters without a dot: dots separate what is signed. */
const WEBHOOK_ID = /^[\x21-\x2d\x2f-\x7e]{1,200}$/
/** Digits only: what a lenient parser reads as a number would be signed as another text. */
const UNIX_SECONDS = /^[0-9]{1,12}$/
const SIGNATURE = /^v1,[A-Za-z0-9+/]{43}=$/
const SECRET_PREFIX = 'whsec_'
/** Stands in where a supplier is unknown, so that this takes as long as a wrong signature. */
const NOBODYS_SECRET = Buffer.alloc(32).toString('base64')

export interface PushHeaders {
  readonly id: string
  readonly timestamp: string
  readonly signature: string
}

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** Null: a header is missing or malformed, or the timestamp is too far from now. */
export function readPushHeaders(headers: Headers, now: Date): PushHeaders | null {
  const [id, timestamp, signature] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(name => headers[name])
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signature !== 'string') return null
  if (!WEBHOOK_ID.test(id) || !UNIX_SECONDS.test(timestamp)) return null
  return Math.abs(Math.floor(now.getTime() / 1_000) - Number(timestamp)) > TOLERANCE_SECONDS ? null : { id, timestamp, signature }
}

/** True if one of the signatures is made with one of the secrets. All are compared, in constant time. */
export function isSignedBy(secrets: readonly string[], { id, timestamp, signature }: PushHeaders, rawBody: Buffer): boolean {
  const given = signature.split(' ')
  if (given.length > SIGNATURES_MAX) return false
  const candidates = given.filter(each => SIGNATURE.test(each)).map(each => Buffer.from(each.slice('v1,'.length), 'base64'))
  let valid = false
  for (const secret of secrets.length === 0 ? [NOBODYS_SECRET] : secrets) {
    const key = Buffer.from(secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret, 'base64')
    const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(rawBody).digest()
    for (const each of candidates) if (timingSafeEqual(each, expected)) valid = true
  }
  return valid && secrets.length > 0
}
