/** A value that a schema of the document describes, mostly one that means something. */
import type { Contract } from '../acceptance/contract.ts'
import type { Json } from '../support/app.ts'
import type { Draw } from './draw.ts'
import type { Pool } from './pool.ts'

export interface Sources {
  readonly draw: Draw
  readonly contract: Contract
  readonly pool: Pool
  /** Ids that exist, by kind. */
  readonly ids: Readonly<Record<string, string>>
}

const ID_PATTERN = /^\^([a-z]{3})_\[0-9a-f\]/
const AMOUNTS = ['1.00', '0.0001', '10', '0', '2.5', '9999999999999.9999', '0.00', '100000.00']
const CURRENCIES = ['CNY', 'CNY', 'CNY', 'USD', 'XXX']
const DATES = ['2026-11-23T08:30:00.000Z', '2031-01-01T00:00:00Z', '1999-12-31T23:59:60Z', '9999-12-31T23:59:59.999Z', '2026-01-01T00:00:00+23:59']
const TEXTS = ['a', 'Game key', '卡密', 'https://shop.example.com/hook', '203.0.113.0/24', 'x'.repeat(40), 'reference-1', '^[0-9]{6}$']
const LIST_MAX = 3
const SAFE_TEXT = '^[^\\u0000\\uD800-\\uDFFF]*$'

export function drawValue(sources: Sources, given: Json, name: string): unknown {
  const { draw, contract } = sources
  const schema = contract.resolve(given) ?? {}
  if (schema.anyOf !== undefined) return drawValue(sources, draw.pick(schema.anyOf), name)
  if (schema.const !== undefined) return schema.const
  if (schema.enum !== undefined) return draw.pick(schema.enum)
  switch (schema.type) {
    case 'object':
      return drawObject(sources, schema)
    case 'array': {
      const length = draw.int(schema.minItems ?? 0, Math.max(schema.minItems ?? 0, LIST_MAX))
      return Array.from({ length }, () => drawValue(sources, schema.items ?? {}, name))
    }
    case 'integer':
    case 'number':
      return drawNumber(draw, schema)
    case 'boolean':
      return draw.often(0.5)
    case 'null':
      return null
    case 'string':
      return drawText(sources, schema, name)
    default:
      return draw.json()
  }
}

function drawObject(sources: Sources, schema: Json): Json {
  const { draw } = sources
  const required = new Set<string>(schema.required ?? [])
  const drawn: Json = {}
  for (const [name, part] of Object.entries<Json>(schema.properties ?? {}))
    if (required.has(name) || draw.often(0.4)) drawn[name] = drawValue(sources, part, name)
  for (const [pattern, part] of Object.entries<Json>(schema.patternProperties ?? {}))
    for (let left = draw.below(LIST_MAX); left > 0; left--) drawn[draw.matching(pattern)] = drawValue(sources, part, '')
  if (typeof schema.additionalProperties === 'object' && draw.often(0.5)) drawn['a'] = drawValue(sources, schema.additionalProperties, 'a')
  return drawn
}

function drawNumber(draw: Draw, { minimum = 0, maximum = 1_000_000, type }: Json): number {
  const near = draw.pick([minimum, minimum + 1, Math.min(maximum, minimum + draw.below(5)), maximum, maximum - 1])
  return type === 'number' && draw.often(0.3) ? near / 3 : Math.min(maximum, Math.max(minimum, near))
}

function drawText(sources: Sources, schema: Json, name: string): string {
  const { draw, pool, ids } = sources
  const { pattern, format, minLength = 0, maxLength = 200, examples = [] } = schema
  const [, kind] = ID_PATTERN.exec(pattern ?? '') ?? []
  if (kind !== undefined) return drawId(sources, kind)
  const known = draw.often(0.3) ? pool.value(draw, name) : undefined
  if (typeof known === 'string') return known
  if (format === 'date-time') return draw.pick(DATES)
  if (String(pattern).includes('[0-9]{0,12}')) return draw.pick(AMOUNTS)
  if (pattern === '^[A-Z]{3}$') return draw.pick(CURRENCIES)
  if (examples.length > 0 && draw.often(0.5)) return draw.pick(examples)
  if (pattern !== undefined && pattern !== SAFE_TEXT) return draw.matching(pattern).padEnd(minLength, '0').slice(0, maxLength)
  const text = draw.often(0.6) ? draw.pick([...TEXTS, ...Object.values(ids)]) : draw.text()
  const sized = draw.often(0.1) ? draw.pick(['a', '💥', '中']).repeat(maxLength) : text
  return Array.from(sized.padEnd(minLength, 'x')).slice(0, maxLength).join('')
}

/** Mostly one that exists. */
function drawId({ draw, pool, ids }: Sources, kind: string): string {
  const own = ids[kind]
  if (own !== undefined && draw.often(0.5)) return own
  return pool.id(draw, kind) ?? own ?? `${kind}_01926f0e-7c1a-7b60-9c55-2f6d1f4c8a10`
}
