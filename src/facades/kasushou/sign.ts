/** 卡速售 v2: sha1 over time, sorted JSON and key. */
import { createHash, timingSafeEqual } from 'node:crypto'

export const sortedJson = (fields: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1))))

export const sign = (time: string, json: string, key: string): string => createHash('sha1').update(`${time}${json}${key}`).digest('hex')

/** How PHP writes the same JSON when it is not told otherwise. */
const escapedSlashes = (json: string): string => json.replaceAll('/', '\\/')
const escapedUnicode = (json: string): string => json.replaceAll(/[\u0080-\uffff]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)

const SKEW_MAX_MS = 300_000

export const isRecent = (time: string, now: Date): boolean => Math.abs(now.getTime() - Number(time)) <= SKEW_MAX_MS

export interface Signed {
  readonly time: string
  /** As it was sent. */
  readonly text: string
  readonly fields: Readonly<Record<string, unknown>>
}

export function isSignedWith(keys: readonly string[], { time, text, fields }: Signed, given: string): boolean {
  const sorted = sortedJson(fields)
  const forms = new Set([sorted, escapedSlashes(sorted), escapedUnicode(sorted), escapedUnicode(escapedSlashes(sorted)), text === '' ? '{}' : text])
  const expected = keys.flatMap(key => [...forms].map(form => sign(time, form, key)))
  return expected.map(each => sameText(given.toLowerCase(), each)).includes(true)
}

function sameText(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
