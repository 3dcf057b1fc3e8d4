/** A form as PHP reads it, and its signature. */
import { createHash, timingSafeEqual } from 'node:crypto'

interface Entry {
  /** `sku` of `sku[颜色]`. */
  readonly top: string
  readonly name: string
  readonly value: string
}

export interface Form {
  readonly entries: readonly Entry[]
  /** Empty if it is absent, as the shops mean it. */
  text(name: string): string
  /** The parts of `name[…]`, in the order in which they came. */
  parts(name: string): ReadonlyMap<string, string>
}

/** What PHP itself takes. */
const FIELDS_MAX = 1_000
const PART = /^[^[\]]+\[([^[\]]*)\]$/

/** Null: it cannot be read, or has too many fields. A field that comes twice counts as its last value. */
export function parseForm(body: string, mediaType = ''): Form | null {
  const pairs = /^multipart\/form-data/i.test(mediaType) ? parseMultipart(body, mediaType) : new URLSearchParams(body)
  if (pairs === null) return null
  const fields = new Map<string, Entry>()
  for (const [name, value] of pairs) fields.set(name, { top: name.split('[', 1)[0] ?? '', name, value })
  if (fields.size > FIELDS_MAX) return null
  const entries = [...fields.values()]
  return {
    entries,
    text: name => fields.get(name)?.value ?? '',
    parts: name =>
      new Map(entries.flatMap(each => (each.top === name && PART.test(each.name) ? [[PART.exec(each.name)?.[1] ?? '', each.value]] : [])))
  }
}

const BOUNDARY = /;\s*boundary=(?:"([^"]{1,70})"|([^\s";]{1,70}))/i
const FIELD_NAME = /^content-disposition:\s*form-data\b.*?;\s*name="([^"]*)"/im
const IS_FILE = /^content-disposition:.*?;\s*filename\*?=/im

/** The whole body is in memory, and bounded. Files are no fields. Null: it is not made of parts as it says. */
function parseMultipart(body: string, mediaType: string): [string, string][] | null {
  const [, quoted, bare] = BOUNDARY.exec(mediaType) ?? []
  const boundary = quoted ?? bare
  if (boundary === undefined) return null
  const [, ...parts] = `\r\n${body}`.split(`\r\n--${boundary}`)
  if (parts.pop()?.startsWith('--') !== true || parts.length > FIELDS_MAX) return null
  const found: [string, string][] = []
  for (const part of parts) {
    const end = part.indexOf('\r\n\r\n')
    const name = FIELD_NAME.exec(part.slice(0, end))?.[1]
    if (end === -1 || name === undefined) return null
    if (!IS_FILE.test(part.slice(0, end))) found.push([name, part.slice(end + 4)])
  }
  return found
}

/**
 * Over everything that was sent: top-level names sorted by their bytes, empty ones left out, parts as they came, raw values, then the key.
 * There is no time in it: what is replayed is bounded by the number of the order.
 */
export function signForm({ entries }: Pick<Form, 'entries'>, key: string): string {
  const parts = entries
    .filter(({ name, value }) => name !== 'sign' && (value !== '' || name.includes('[')))
    .sort((a, b) => Buffer.compare(Buffer.from(a.top), Buffer.from(b.top)))
    .map(({ name, value }) => `${name}=${value}`)
  return createHash('md5')
    .update([...parts, `key=${key}`].join('&'))
    .digest('hex')
}

/** True if one of the keys made its signature. All are compared, in constant time. */
export function isSignedWith(keys: readonly string[], form: Form): boolean {
  const given = Buffer.from(form.text('sign'))
  return keys.map(key => sameBytes(given, Buffer.from(signForm(form, key)))).includes(true)
}

const sameBytes = (given: Buffer, expected: Buffer): boolean => given.length === expected.length && timingSafeEqual(given, expected)
