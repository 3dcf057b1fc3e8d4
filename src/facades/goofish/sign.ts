/** 闲管家 virtual supply: md5 over both sides' credentials, the body's md5 and the time. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FacadeLogin } from '../login.ts'
import { type SecretParts, splitSecret } from '../secret.ts'

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')

export interface Signed {
  readonly body: string
  readonly time: string
  readonly mchId: string
}

export const sign = ({ body, time, mchId }: Signed, { secret, partner }: SecretParts): string =>
  md5([partner?.appId ?? '', partner?.appSecret ?? '', md5(body), time, mchId, secret].join(','))

/** A call to the other side, whose address says who calls, when, and the signature over all of it. */
export function signedCall(url: string, body: string, { login, secrets }: Pick<FacadeLogin, 'login' | 'secrets'>) {
  const time = String(Math.floor(Date.now() / 1_000))
  const target = new URL(url)
  target.searchParams.set('mch_id', login)
  target.searchParams.set('timestamp', time)
  target.searchParams.set('sign', sign({ body, time, mchId: login }, splitSecret(secrets[0] ?? '')))
  return { url: target.href, headers: { 'content-type': 'application/json' }, body }
}

/** A request without a body is signed as an empty object; some send nothing and sign nothing. */
const NO_BODY = '{}'
const SKEW_MAX_SECONDS = 300

export const isRecent = (time: string, now: Date): boolean => Math.abs(now.getTime() / 1_000 - Number(time)) <= SKEW_MAX_SECONDS

export function isSignedWith(secrets: readonly string[], signed: Signed, given: string): boolean {
  const bodies = signed.body === '' ? [NO_BODY, ''] : [signed.body]
  const expected = secrets.flatMap(text => bodies.map(body => sign({ ...signed, body }, splitSecret(text))))
  return expected.map(each => sameText(given.toLowerCase(), each)).includes(true)
}

function sameText(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
