/** HMAC over method, path, time and body. The query is not covered, so nothing in it may matter. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

export interface Signed {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly time: string
  readonly body: string
}

export const sign = ({ method, path, time, body }: Signed, secret: string): string =>
  createHmac('sha256', secret)
    .update(`${method}\n${path}\n${time}\n${createHash('md5').update(body).digest('hex')}`)
    .digest('hex')

/** How old or how far ahead a time may be. */
const SKEW_MAX_SECONDS = 60

export const isRecent = (time: string, now: Date): boolean => Math.abs(now.getTime() / 1_000 - Number(time)) <= SKEW_MAX_SECONDS

/** Shops sign the path that they call: below the address of this protocol, or with it. */
export function isSignedWith(
  secrets: readonly string[],
  { paths, ...signed }: Omit<Signed, 'path'> & { paths: readonly string[] },
  given: string
): boolean {
  const expected = secrets.flatMap(secret => paths.map(path => sign({ ...signed, path }, secret)))
  return expected.map(each => sameText(given.toLowerCase(), each)).includes(true)
}

function sameText(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
