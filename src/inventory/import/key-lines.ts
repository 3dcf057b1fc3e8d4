/** The lines of a seller's file, one key each: plain text, CSV or NDJSON. Says why a line is no key, and never repeats the line. */
import type { ImportFormat, RejectReason } from '../batch.ts'
import { type CardSecret, NUMBER_MAX_BYTES, trimKey } from '../card.ts'
import { CSV_DELIMITERS, type CsvDelimiter, csvCells } from './csv-line.ts'
import { parseExpiry } from './expiry.ts'
import { LINE_MAX_BYTES } from './line-blocks.ts'

export interface KeyLine extends CardSecret {
  /** Milliseconds since 1970; null: none given. */
  readonly expiresAt: number | null
}

/** A key, the reason why it is none, or null for a line that counts as nothing: blank, or a header. */
export type ParsedLine = KeyLine | RejectReason | null

/** Between number and secret in a text file; only the first one counts, because secrets such as `account----password` have their own. */
const SEPARATOR = '----'
/** U+FFFD stands where bytes were no UTF-8, and in keys that were damaged before. */
const REPLACEMENT = '\uFFFD'
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/
/** Control characters, and marks that nobody can see or type: two keys that look alike must be alike. Tab and line ends may stand in JSON. */
const UNTYPABLE = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200B-\u200F\u202A-\u202E\u2060-\u2064\u2066-\u2069\uFEFF\uD800-\uDFFF]/u

export interface LineOptions {
  readonly format: ImportFormat
  /** Milliseconds since 1970: what expired before is refused. */
  readonly now: number
  /** For lines without an expiry of their own. */
  readonly expiresAt: number | null
}

/** A parser of one file; it remembers the header. */
export function createLineParser(options: LineOptions): (line: string) => ParsedLine {
  const parse = PARSERS[options.format]()
  return line => {
    if (line.length * 3 > LINE_MAX_BYTES && Buffer.byteLength(line) > LINE_MAX_BYTES) return 'too_long'
    if (line.includes(REPLACEMENT)) return 'invalid_encoding'
    const text = trimKey(line)
    if (text === '') return null
    // Two keys between which a line end of old is missing are not one key.
    if (options.format !== 'ndjson' && text.includes('\r')) return 'invalid_characters'
    const parsed = parse(text)
    return parsed === null || typeof parsed === 'string' ? parsed : checked(parsed, options)
  }
}

function checked(key: KeyLine, options: LineOptions): KeyLine | RejectReason {
  const secret = trimKey(key.secret)
  const number = key.number === null ? null : trimKey(key.number)
  const expiresAt = key.expiresAt ?? options.expiresAt
  if (secret === '') return 'empty_secret'
  if (!PRINTABLE_ASCII.test(secret) && UNTYPABLE.test(secret)) return 'invalid_characters'
  if (number !== null) {
    if (number === '') return 'empty_number'
    if (!PRINTABLE_ASCII.test(number) && UNTYPABLE.test(number)) return 'invalid_characters'
    if (Buffer.byteLength(number) > NUMBER_MAX_BYTES) return 'too_long'
  }
  if (expiresAt !== null && !(expiresAt > options.now)) return Number.isNaN(expiresAt) ? 'bad_expiry' : 'already_expired'
  return { number, secret, expiresAt }
}

const PARSERS: Readonly<Record<ImportFormat, () => (line: string) => ParsedLine>> = {
  text: () => textLine,
  csv: createCsvParser,
  ndjson: () => jsonLine
}

function textLine(line: string): KeyLine {
  const at = line.indexOf(SEPARATOR)
  if (at === -1) return { number: null, secret: line, expiresAt: null }
  return { number: line.slice(0, at), secret: line.slice(at + SEPARATOR.length), expiresAt: null }
}

type Column = 'number' | 'secret' | 'expiresAt' | 'other'

const HEADERS: ReadonlyMap<string, Column> = new Map([
  ...['number', 'no', 'cardno', 'cardnumber', 'account', 'serial', 'serialnumber', '卡号', '账号', '帐号', '序列号'].map(
    name => [name, 'number'] as const
  ),
  ...[
    'secret',
    'key',
    'code',
    'cardkey',
    'cardsecret',
    'cardcode',
    'pin',
    'password',
    '卡密',
    '密码',
    '卡密码',
    '兑换码',
    '激活码',
    '密钥',
    '卡密内容'
  ].map(name => [name, 'secret'] as const),
  ...[
    'expiresat',
    'expires',
    'expiry',
    'expirydate',
    'expiration',
    'expirationdate',
    'validuntil',
    '有效期',
    '有效期至',
    '到期时间',
    '过期时间',
    '到期日'
  ].map(name => [name, 'expiresAt'] as const)
])

const WITHOUT_HEADER: Readonly<Record<number, readonly Column[]>> = { 1: ['secret'], 2: ['number', 'secret'], 3: ['number', 'secret', 'expiresAt'] }
/** Without a header, rows may have an expiry or not; a row with one cell among rows with more is a broken row, not a key. */
const OPTIONAL_FROM = 2

function createCsvParser(): (line: string) => ParsedLine {
  let columns: readonly Column[] | null = null
  let delimiter: CsvDelimiter = ','
  let single: boolean | null = null
  let started = false
  return line => {
    if (!started) {
      started = true
      delimiter = delimiterOf(line)
      columns = headerOf(csvCells(line, delimiter) ?? [])
      if (columns !== null) return null
    }
    const cells = csvCells(line, delimiter)
    if (cells === null) return 'unclosed_quote'
    while (cells.length > (columns?.length ?? OPTIONAL_FROM) && cells.at(-1)?.trim() === '') cells.pop()
    if (columns === null) single ??= cells.length === 1
    const layout = columns ?? (single === (cells.length === 1) ? WITHOUT_HEADER[cells.length] : undefined)
    if (layout === undefined || layout.length !== cells.length || !layout.includes('secret')) return 'wrong_columns'
    return csvKey(layout, cells)
  }
}

/** Only a header of two columns or more says that it is not the comma: a key may hold the others. */
const delimiterOf = (line: string): CsvDelimiter =>
  CSV_DELIMITERS.find(each => {
    const cells = csvCells(line, each) ?? []
    return cells.length > 1 && headerOf(cells) !== null
  }) ?? ','

/** The columns that a first line names; null: it names none, and is a key. */
function headerOf(cells: readonly string[]): Column[] | null {
  const columns = cells.map(
    cell =>
      HEADERS.get(
        trimKey(cell)
          .toLowerCase()
          .replaceAll(/[\s_-]+/g, '')
      ) ?? 'other'
  )
  if (columns.every(column => column === 'other')) return null
  return columns.length === 1 ? ['secret'] : columns.map((column, index) => (columns.indexOf(column) === index ? column : 'other'))
}

function csvKey(layout: readonly Column[], cells: readonly string[]): KeyLine {
  const cell = (column: Column): string | null => cells[layout.indexOf(column)] ?? null
  return { number: trimKey(cell('number') ?? '') || null, secret: cell('secret') ?? '', expiresAt: parseExpiry(cell('expiresAt') ?? '') }
}

const JSON_FIELDS = new Set(['number', 'secret', 'expiresAt'])

function jsonLine(line: string): ParsedLine {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return 'invalid_json'
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'invalid_json'
  const { number = null, secret, expiresAt = null } = value as { number?: unknown; secret?: unknown; expiresAt?: unknown }
  if (Object.keys(value).some(field => !JSON_FIELDS.has(field))) return 'unknown_field'
  if (secret === undefined) return 'empty_secret'
  if (typeof secret !== 'string' || !isTextOrNull(number) || !isTextOrNull(expiresAt)) return 'wrong_type'
  return { number, secret, expiresAt: expiresAt === null ? null : parseExpiry(expiresAt) }
}

const isTextOrNull = (value: unknown): value is string | null => value === null || typeof value === 'string'
