/** What a hostile or broken client puts where the document asks for something else. */
import type { Json } from '../support/app.ts'
import type { Contract } from './contract.ts'

/** Text that some layer is known to choke on, or to read as more than text. */
export const NASTY_TEXTS: readonly string[] = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\uD800',
  'x\uDFFFy',
  '\uFEFFbom',
  '\u202Eevil',
  '𝕏💥🇨🇳',
  'é'.normalize('NFD'),
  'x'.repeat(50_000),
  '中'.repeat(5_000),
  "'; DROP TABLE card; --",
  '$1',
  '%s%n',
  '{{7*7}}',
  '${jndi:ldap://x}',
  '../../etc/passwd',
  '<script>alert(1)</script>',
  '=cmd|1',
  '\r\nset-cookie: a=b',
  '\u0085\u2028\u2029',
  '-0',
  '1e3',
  'NaN',
  'null',
  'true',
  '__proto__',
  'constructor',
  '0x10',
  '٣',
  '9'.repeat(400)
]

export const OTHER_TYPES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  'text',
  [],
  {},
  [[]],
  [null],
  { $ne: null },
  1e308,
  2 ** 53 + 2,
  -(2 ** 31) - 1
]

const NASTY_NUMBERS: readonly number[] = [
  0,
  -0,
  -1,
  1.5,
  1e3,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  2 ** 53 + 2,
  2 ** 63,
  1e21,
  1e308,
  -(2 ** 63),
  Number.MIN_VALUE
]

const NASTY_AMOUNTS: readonly string[] = [
  '0',
  '-0',
  '-1',
  '0.00',
  '00.1',
  '01',
  '1.',
  '.5',
  '1.00000',
  '1e3',
  '1,000',
  '１２',
  '+1',
  ' 1',
  '9999999999999.9999',
  '10000000000000',
  '99999999999999999999',
  'Infinity',
  '0x1'
]

/** Values to try at a place that has this schema; those that the schema lets through are among them. */
function badValues(contract: Contract, schema: Json): unknown[] {
  const known = contract.resolve(schema) ?? {}
  const variants: Json[] = known.anyOf ?? [known]
  return [...OTHER_TYPES, ...variants.flatMap(each => ofType(contract.resolve(each)))]
}

function ofType(schema: Json): unknown[] {
  if (schema.enum !== undefined) return ['other', `${schema.enum[0]} `, String(schema.enum[0]).toUpperCase(), '', ...NASTY_TEXTS.slice(2, 5)]
  if (schema.type === 'integer' || schema.type === 'number')
    return [...NASTY_NUMBERS, ...around(schema.minimum), ...around(schema.maximum), '5', '5.0']
  if (schema.type === 'boolean') return ['true', 1, '', 'yes']
  if (schema.type === 'array') return [Array.from({ length: (schema.maxItems ?? 1_000) + 1 }, () => null), [[[[]]]], { length: 1 }]
  if (schema.type !== 'string') return []
  const sizes = [schema.minLength - 1, schema.minLength, schema.maxLength, schema.maxLength + 1].filter(size => size >= 0 && size < 100_000)
  const dates = schema.format === 'date-time' ? NASTY_DATES : []
  const amounts = String(schema.pattern).includes('[0-9]{0,12}') ? NASTY_AMOUNTS : []
  return [...NASTY_TEXTS, ...sizes.map(size => 'a'.repeat(size)), ...sizes.map(size => '💥'.repeat(size)), ...dates, ...amounts]
}

const around = (limit: number | undefined): number[] => (limit === undefined ? [] : [limit - 1, limit, limit + 1])

const NASTY_DATES: readonly string[] = [
  '2026-13-01T00:00:00Z',
  '2026-02-30T00:00:00Z',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:60Z',
  '9999-12-31T23:59:59Z',
  '2026-01-01',
  '2026-01-01T00:00:00',
  '2026-01-01T24:00:00Z',
  '2026-01-01t00:00:00z',
  '2026-01-01 00:00:00Z',
  '2026-01-01T00:00:00+23:59',
  '2026-01-01T00:00:00+99:99',
  '2026-01-01T00:00:00.123456789Z',
  '-000001-01-01T00:00:00Z',
  '+275760-09-13T00:00:00Z'
]

/** Bodies that differ from a good one in one place: a value, a field missing, a field too many. */
export function* badBodies(contract: Contract, schema: Json, good: Json): Generator<unknown> {
  yield* OTHER_TYPES
  yield* badParts(contract, schema, good, changed => changed)
}

function* badParts(contract: Contract, schema: Json, good: Json, rebuild: (part: unknown) => unknown): Generator<unknown> {
  const known = contract.resolve(schema) ?? {}
  const object = known.anyOf?.map((each: Json) => contract.resolve(each)).find((each: Json) => each.type === 'object') ?? known
  if (object.type === 'array' && Array.isArray(good) && good.length > 0) {
    for (const value of badValues(contract, object.items)) yield rebuild([value])
    yield rebuild([...good, ...good])
    yield* badParts(contract, object.items, good[0], part => rebuild([part]))
  }
  if (object.type !== 'object' || typeof good !== 'object' || good === null) return
  for (const name of ['extra', 'id', 'resellerId', 'price', 'isAdmin', 'constructor', 'toString', '']) {
    if (object.properties?.[name] === undefined) yield rebuild({ ...good, [name]: 'x' })
  }
  if (object.patternProperties !== undefined) yield* badRecord(good, rebuild)
  for (const [name, part] of Object.entries<Json>(object.properties ?? {})) {
    const { [name]: _, ...without } = good
    if (good[name] !== undefined) yield rebuild(without)
    for (const value of badValues(contract, part)) yield rebuild({ ...good, [name]: value })
    if (good[name] !== undefined) yield* badParts(contract, part, good[name], changed => rebuild({ ...good, [name]: changed }))
  }
}

function* badRecord(good: object, rebuild: (part: unknown) => unknown): Generator<unknown> {
  for (const text of NASTY_TEXTS) {
    yield rebuild({ ...good, note: text })
    yield rebuild({ ...good, [text === '__proto__' ? 'proto' : text]: 'x' })
  }
  for (const value of OTHER_TYPES) yield rebuild({ ...good, note: value })
  yield rebuild(Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`n${index}`, 'x'])))
}

/** JSON text that no serializer writes. */
export const BROKEN_JSON: readonly string[] = [
  '',
  ' ',
  '{',
  '}',
  '{]',
  '[',
  '"',
  'nul',
  'undefined',
  'NaN',
  "{'a':1}",
  '{"a":1,}',
  '{"a":01}',
  '{"a":1}{"b":2}',
  '\uFEFF{}',
  '{"a":"\\ud800"}',
  '{"a":"\\u0000"}',
  '{"__proto__":{"x":1}}',
  '{"constructor":{"prototype":{"x":1}}}',
  '{"\\u005f_proto__":{"x":1}}',
  '{"quantity":1e309}',
  '{"quantity":-1e309}',
  `{"quantity":${'9'.repeat(500)}}`,
  `${'['.repeat(10_000)}${']'.repeat(10_000)}`,
  `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
  `[${'0,'.repeat(400_000)}0]`,
  '{"a":1}\u0000',
  '\u0000',
  '<?xml version="1.0"?><a/>',
  'a=1&b=2'
]

/** What stands where an id belongs. Each is one path segment. */
export const BAD_IDS: readonly string[] = [
  '0',
  '-1',
  'null',
  'undefined',
  'NaN',
  '%00',
  'a%00b',
  '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  '..%5c..',
  '%C0%AF',
  '%ED%A0%80',
  '%F0%9F%92%A5',
  "'%20OR%201=1--",
  '$where',
  '%7B%7B7*7%7D%7D',
  'a'.repeat(200),
  'a'.repeat(256),
  'a'.repeat(300),
  'a'.repeat(5_000),
  '2fd5b1c8-6f0f-4c6e-9d3e-0a1b2c3d4e5f',
  'ord_2fd5b1c8-6f0f-4c6e-9d3e-0a1b2c3d4e5f',
  'ORD_01926F0E-7C1A-7B60-9C55-2F6D1F4C8A10',
  'ord_01926f0e7c1a7b609c552f6d1f4c8a10',
  'ord_01926f0e-7c1a-7b60-9c55-2f6d1f4c8a1g',
  'ord_01926f0e-7c1a-7b60-9c55-2f6d1f4c8a10%20',
  'ord_01926f0e-7c1a-7b60-9c55-2f6d1f4c8a10%0a',
  'sku_00000000-0000-0000-0000-000000000000',
  'sku_ffffffff-ffff-ffff-ffff-ffffffffffff',
  '%'
]

/** Values for a query parameter, as they stand in the URL. */
export const BAD_QUERY_VALUES: readonly string[] = [
  '',
  '0',
  '-1',
  '1',
  '100',
  '101',
  '1e9',
  '1.5',
  '1e2',
  '0x10',
  '+1',
  '%201',
  'abc',
  'NaN',
  'true',
  'null',
  '%00',
  'a%00b',
  '%ED%A0%80',
  '%C0%AF',
  '%FF',
  '%',
  '%zz',
  '%F0%9F%92%A5',
  '%0d%0aset-cookie:a',
  'W10.AAAAAAAAAAAA',
  'bnVsbA.AAAAAAAAAAAA',
  '.',
  '..',
  'a.b.c',
  'eyJhIjoxfQ',
  '9999999999999999999999',
  'x'.repeat(399),
  'x'.repeat(401),
  'x'.repeat(4_000),
  "'%20OR%201=1--",
  'sku_2fd5b1c8-6f0f-4c6e-9d3e-0a1b2c3d4e5f',
  '2026-13-01T00:00:00Z',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:60Z',
  '2026-01-01T00:00:00%2B99:99',
  'CNY',
  'cny',
  'fulfilled'
]
