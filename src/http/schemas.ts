/**
 * Builders for every schema of the API. Each string has a length, each list a size, each integer a range: a schema without a limit is a bug.
 */
import { type Static, type TSchema, type TString, Type } from 'typebox'
import { type IdKind, idPattern, toApiId } from '../kit/ids.ts'
import { AMOUNT_PATTERN } from '../kit/money.ts'

interface StrOptions {
  readonly min?: number
  readonly pattern?: string
  readonly format?: string
  readonly description?: string
  readonly examples?: readonly string[]
}

/** Text of at most `max` characters, without NUL and without lone surrogates: PostgreSQL refuses both. */
const SAFE_TEXT = '^[^\\u0000\\uD800-\\uDFFF]*$'

export function Str(max: number, options: StrOptions = {}): TString {
  const { min = 0, pattern = options.format === undefined ? SAFE_TEXT : undefined, ...rest } = options
  return Type.String({ minLength: min, maxLength: max, ...(pattern === undefined ? {} : { pattern }), ...spread(rest) })
}

export const Int = (minimum: number, maximum: number, options: { description?: string; default?: number; examples?: number[] } = {}) =>
  Type.Integer({ minimum, maximum, format: 'int32', ...options })

export const List = <T extends TSchema>(items: T, maxItems: number, options: { minItems?: number; description?: string } = {}) =>
  Type.Array(items, { maxItems, ...options })

/** One of a closed set of texts. */
export const OneOf = <const T extends readonly string[]>(values: T, options: { description?: string; default?: T[number] } = {}) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values], ...options })

export const Id = (kind: IdKind, description?: string): TString =>
  Type.String({ pattern: idPattern(kind), minLength: 40, maxLength: 40, examples: [toApiId(kind, EXAMPLE_UUID)], ...spread({ description }) })

/** An id in a path: what is not an id is answered like an id that names nothing, `not_found`. */
export const PathId = (kind: IdKind): TString => Id(kind, `The ${kind}'s id.`)

export const EXAMPLE_UUID = '01926f0e-7c1a-7b60-9c55-2f6d1f4c8a10'

export const Timestamp = (description?: string): TString =>
  Type.String({ format: 'date-time', maxLength: 30, examples: ['2026-11-23T08:30:00.000Z'], ...spread({ description }) })

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

export const MoneySchema = Type.Object(
  {
    amount: Type.String({
      pattern: AMOUNT_PATTERN,
      minLength: 1,
      maxLength: 18,
      description: 'A decimal string; up to 4 fractional digits in, 2 to 4 out.',
      examples: ['12.50']
    }),
    currency: Type.String({ pattern: '^[A-Z]{3}$', minLength: 3, maxLength: 3, examples: ['CNY'] })
  },
  { $id: 'Money', additionalProperties: false }
)

/** A balance or a difference: may be negative. */
export const SignedMoneySchema = Type.Object(
  {
    amount: Type.String({ pattern: '^-?[0-9]+\\.[0-9]{2,4}$', minLength: 4, maxLength: 24, examples: ['-12.50'] }),
    currency: Type.String({ pattern: '^[A-Z]{3}$', minLength: 3, maxLength: 3, examples: ['CNY'] })
  },
  { $id: 'SignedMoney', additionalProperties: false }
)

/** A reference to a schema that is registered under its `$id`, typed like the schema itself. */
export const Ref = <T extends TSchema>(schema: T) => Type.Unsafe<Static<T>>({ $ref: `${(schema as { $id?: string }).$id}#` })

export const Money = Ref(MoneySchema)
export const SignedMoney = Ref(SignedMoneySchema)

export const PAGE_LIMIT_MAX = 100
const PAGE_LIMIT_DEFAULT = 20

export const pageQuery = {
  limit: Type.Optional(Int(1, PAGE_LIMIT_MAX, { default: PAGE_LIMIT_DEFAULT, description: 'How many rows.' })),
  cursor: Type.Optional(Str(400, { min: 1, description: 'The `nextCursor` of the page before.' }))
}

export const pageLimit = (query: { limit?: number }): number => query.limit ?? PAGE_LIMIT_DEFAULT

export const PageOf = <T extends TSchema>(items: T) =>
  Type.Object({
    data: List(items, PAGE_LIMIT_MAX),
    nextCursor: Type.Union([Type.String({ maxLength: 400 }), Type.Null()], { description: 'Null on the last page.' })
  })

/** `metadata`: the caller's own notes, returned as they came. */
export const Metadata = Type.Record(Type.String({ pattern: '^[A-Za-z0-9_.-]{1,40}$' }), Str(500), {
  maxProperties: 20,
  additionalProperties: false,
  description: 'Up to 20 notes of your own; returned unchanged.',
  examples: [{ buyer: '4711' }]
})

export const exampleId = (kind: IdKind): string => toApiId(kind, EXAMPLE_UUID)

function spread<T extends object>(options: T): { [K in keyof T]: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as { [K in keyof T]: NonNullable<T[K]> }
}
