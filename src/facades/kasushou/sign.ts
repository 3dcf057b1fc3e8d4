/** 卡速售 v2: sha1 over time, sorted JSON and key. */
import { createHash, timingSafeEqual } from 'node:crypto'

export const sortedJson = (fields: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1))))

export const sign = (time: string, json: string, key: string): string => createHash('sha1').update(`${time}${json}${key}`).digest('hex')

/** How PHP writes the same JSON when it is not told otherwise. */
const escapedSlashes = (json: string): string => json.replaceAll('/', '\\/')
const escapedUnicode = (json: string): string => json.replaceAll(/[\u0080-\uffff]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)

/**
 * The members of an object as they were written, by name: `1.0` and `\u4e2d` are other texts than what a parser makes of them. The text
 * is known to be JSON.
 */
function sortedAsSent(text: string, comma: string, colon: string): string {
  const members: { readonly name: string; readonly text: string }[] = []
  let depth = 0
  let start = text.indexOf('{') + 1
  let end = 0
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '"') {
      for (at++; text[at] !== '"'; at++) if (text[at] === '\\') at++
      if (depth === 1 && end === 0) end = at + 1
    } else if (char === '{' || char === '[') depth++
    else if ((char === ',' && depth === 1) || ((char === '}' || char === ']') && --depth === 0)) {
      if (end > 0) {
        const name = text.slice(start, end).trim()
        members.push({ name: JSON.parse(name), text: `${name}${colon}${text.slice(text.indexOf(':', end) + 1, at).trim()}` })
      }
      start = at + 1
      end = 0
    }
  }
  return `{${members
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(each => each.text)
    .join(comma)}}`
}

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
  const asSent = text.trim() === '' ? ['{}'] : [text, sortedAsSent(text, ',', ':'), sortedAsSent(text, ', ', ': ')]
  const forms = new Set([sorted, escapedSlashes(sorted), escapedUnicode(sorted), escapedUnicode(escapedSlashes(sorted)), ...asSent])
  const expected = keys.flatMap(key => [...forms].map(form => sign(time, form, key)))
  return expected.map(each => sameText(given.toLowerCase(), each)).includes(true)
}

function sameText(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
