/** Requests to one operation, most of them wrong, made from what the document says about it. */
import { randomBytes } from 'node:crypto'
import type { Json } from '../support/app.ts'
import { BAD_IDS, BAD_QUERY_VALUES, BROKEN_JSON, badBodies } from './bad-values.ts'
import type { Contract, Operation } from './contract.ts'
import type { Furnished } from './furnished-shop.ts'

export interface BadRequest {
  /** For the report of a failure. */
  readonly what: string
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly payload?: string
  /** The document itself does not let it through: the answer must be a refusal, and nothing may have changed. */
  readonly refused: boolean
}

export interface Callers {
  readonly operatorKey: string
  readonly shop: Furnished
}

const PREFIXED = /\^([a-z]{3})_\[0-9a-f\]/
const EXAMPLE_ID = /^([a-z]{3})_01926f0e-7c1a-7b60-9c55-2f6d1f4c8a10$/

export function* badRequests(contract: Contract, operation: Operation, callers: Callers): Generator<BadRequest> {
  const base = createBase(contract, operation, callers)
  yield* bodies(contract, operation, callers, base)
  yield* rawBodies(contract, operation, base)
  yield* queries(contract, operation, base)
  yield* paths(operation, base)
  yield* headers(operation, callers, base)
  // Last: it may end the life of what the ids name.
  yield base('as it should be', {})
}

interface Change {
  readonly ids?: Readonly<Record<string, string>>
  readonly query?: string
  readonly headers?: Readonly<Record<string, string | null>>
  readonly payload?: string | null
  readonly refused?: boolean
}

type Base = (what: string, change: Change) => BadRequest

/** A good request, and what each of the others changes in it. */
function createBase(contract: Contract, operation: Operation, callers: Callers): Base {
  const [type] = Object.keys(operation.bodies)
  const good = type === undefined ? null : goodPayload(contract, operation, callers.shop, type)
  const authorization = `Bearer ${credentialOf(operation, callers)}`
  return (what, change) => {
    const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => change.ids?.[name] ?? goodId(operation, name, callers.shop))
    const payload = change.payload === undefined ? good : change.payload
    const given: Record<string, string | null> = {
      authorization,
      'content-type': payload === null ? null : (type ?? null),
      'idempotency-key': operation.method === 'POST' ? randomBytes(9).toString('hex') : null,
      ...change.headers
    }
    return {
      what: `${operation.id}: ${what}`,
      method: operation.method,
      url: change.query === undefined ? path : `${path}?${change.query}`,
      headers: Object.fromEntries(Object.entries(given).filter((each): each is [string, string] => each[1] !== null)),
      ...(payload === null ? {} : { payload }),
      refused: change.refused === true
    }
  }
}

const credentialOf = ({ role }: Operation, { operatorKey, shop }: Callers): string =>
  role === 'reseller' ? shop.resellerKey : role === 'supplier' ? shop.supplierKey : operatorKey

/** `{id}` of `/v1/admin/resellers/{id}/…` is a reseller: the example of the parameter says so. */
export function goodId(operation: Operation, name: string, shop: Furnished): string {
  const parameter = operation.parameters.find(each => each.in === 'path' && each.name === name)
  const [, prefix = ''] = /^([a-z]{3})_/.exec(String(parameter?.example)) ?? []
  const id = shop.ids[`${operation.path.split('/')[3]} ${prefix}`] ?? shop.ids[prefix]
  if (id === undefined) throw new Error(`${operation.id}: nothing in the furnished shop has an id for the parameter "${name}" (${prefix}_…)`)
  return id
}

function goodPayload(contract: Contract, operation: Operation, shop: Furnished, type: string): string {
  if (!type.includes('json') || type.includes('ndjson')) return `CANARY-${randomBytes(9).toString('hex')}\n`
  return JSON.stringify(goodBody(contract, operation, shop))
}

/** The document's own example, with ids that exist. */
export function goodBody(contract: Contract, { bodies }: Operation, shop: Furnished): Json {
  const { schema, examples = {}, ...media } = bodies['application/json'] ?? { schema: {} }
  const example = media.example ?? Object.values<Json>(examples)[0]?.value ?? contract.resolve(schema)?.examples?.[0]
  const text = JSON.stringify(example ?? {}, (_key, value) => {
    const [, prefix = ''] = (typeof value === 'string' && EXAMPLE_ID.exec(value)) || []
    return shop.ids[prefix] ?? value
  })
  const body = JSON.parse(text)
  for (const unique of ['reference', 'code']) if (body[unique] !== undefined) body[unique] = randomBytes(6).toString('hex')
  return body
}

function* bodies(contract: Contract, operation: Operation, { shop }: Callers, base: Base): Generator<BadRequest> {
  const schema = operation.bodies['application/json']?.schema
  if (schema === undefined) return
  const seen = new Set<string>()
  for (const body of badBodies(contract, schema, goodBody(contract, operation, shop))) {
    const payload = JSON.stringify(body)
    if (payload.length > 900_000 || seen.has(payload)) continue
    seen.add(payload)
    const shown = payload.length > 200 ? `${payload.slice(0, 200)}… (${payload.length})` : payload
    yield base(`body ${shown}`, { payload, refused: !contract.accepts(schema, JSON.parse(payload)) })
  }
}

const MEDIA_TYPES: readonly (string | null)[] = [
  null,
  'text/html',
  'application/xml',
  'application/json; charset=utf-16',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/merge-patch+json',
  'APPLICATION/JSON',
  'application/json;',
  'application/json, text/plain',
  'json',
  '',
  '/',
  'a/b/c',
  '*/*',
  '\u00e9'
]

function* rawBodies(contract: Contract, operation: Operation, base: Base): Generator<BadRequest> {
  const types = Object.keys(operation.bodies)
  if (types.length === 0) {
    yield base('a body of a type that nobody knows', { payload: 'x', headers: { 'content-type': 'text/x' } })
    yield base('a body that nobody asked for', { payload: '{"a":1}', headers: { 'content-type': 'application/json' } })
    yield base('broken JSON that nobody asked for', { payload: '{"a', headers: { 'content-type': 'application/json' } })
    yield base('no body, but its type', { headers: { 'content-type': 'application/json' } })
    return
  }
  const schema = operation.bodies['application/json']?.schema
  const mayBeEmpty = schema !== undefined && contract.accepts(schema, {})
  yield base('no body', { payload: null, refused: schema !== undefined && !mayBeEmpty })
  for (const text of BROKEN_JSON) {
    const empty = mayBeEmpty && text === ''
    yield base(`body text ${text.slice(0, 60)}`, { payload: text, refused: schema !== undefined && !empty })
  }
  for (const type of MEDIA_TYPES) yield base(`content type ${type}`, { headers: { 'content-type': type } })
}

function* queries(contract: Contract, operation: Operation, base: Base): Generator<BadRequest> {
  const known = operation.parameters.filter(each => each.in === 'query')
  const closed = known.length > 0
  yield base('an unknown query parameter', { query: 'unknown=1', refused: closed })
  for (const query of ['__proto__=1', '__proto__[x]=1', 'constructor=1', '=', '&&&', '%', '%00=1', '?', 'limit[]=1', 'limit[$ne]=1']) {
    yield base(`query ${query}`, { query })
  }
  for (const { name, schema } of known) {
    const [prefix] = PREFIXED.exec(JSON.stringify(schema)) ?? []
    for (const value of BAD_QUERY_VALUES)
      yield base(`query ${name}=${value.slice(0, 60)}`, { query: `${name}=${value}`, refused: isRefused(contract, schema, value) })
    if (prefix !== undefined) yield base(`query ${name} of nothing`, { query: `${name}=${prefix.slice(1, 5)}01926f0e-7c1a-7b60-9c55-2f6d1f4c8a10` })
    yield base(`query ${name} twice`, { query: `${name}=1&${name}=2`, refused: true })
    yield base(`query ${name}[]`, { query: `${name}[]=1`, refused: true })
  }
}

/** Text in a URL is a number where the document asks for one, and only then. */
function isRefused(contract: Contract, schema: Json, value: string): boolean {
  let text: string
  try {
    text = decodeURIComponent(value.replaceAll('+', ' '))
  } catch {
    return false
  }
  if (schema.type !== 'integer') return !contract.accepts(schema, text)
  return !/^\d+$/.test(text) || !contract.accepts(schema, Number(text))
}

function* paths(operation: Operation, base: Base): Generator<BadRequest> {
  for (const { name } of operation.parameters.filter(each => each.in === 'path')) {
    for (const id of BAD_IDS) yield base(`${name} = ${id.slice(0, 60)}`, { ids: { [name]: id }, refused: true })
  }
}

const VISIBLE_255 = 'k'.repeat(255)

function* headers(operation: Operation, callers: Callers, base: Base): Generator<BadRequest> {
  if (operation.role !== 'public') {
    const wrongRole = operation.role === 'operator' ? callers.shop.resellerKey : callers.operatorKey
    const key = callers.shop.resellerKey
    const credentials: readonly (string | null)[] = [
      null,
      '',
      'Bearer',
      'Bearer ',
      'Basic YTpi',
      `Basic ${key}`,
      key,
      `Bearer  `,
      `Bearer ${key.slice(0, -1)}`,
      `Bearer ${key}x`,
      `Bearer ${key} ${key}`,
      `Bearer ${key.toUpperCase()}`,
      'Bearer kh_live_',
      `Bearer kh_test_${key.slice(8)}`,
      `Bearer ${'x'.repeat(9_000)}`,
      'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.',
      'Bearer \u00e9\u00ff',
      `Bearer ${wrongRole}`,
      `Bearer ${callers.shop.supplierKey}`
    ]
    for (const authorization of credentials) {
      yield base(`authorization ${authorization?.slice(0, 40)}`, { headers: { authorization }, refused: true })
    }
  }
  for (const name of [
    'accept',
    'accept-language',
    'accept-encoding',
    'x-forwarded-for',
    'x-http-method-override',
    'if-match',
    'range',
    'x-request-id',
    'expect'
  ]) {
    for (const value of ['', '*', 'zh-CN,zh;q=0.9', 'x'.repeat(3_000), '\u00e9', '100-continue'].filter(each => name !== 'expect' || each === '')) {
      yield base(`${name}: ${value.slice(0, 40)}`, { headers: { [name]: value } })
    }
  }
  if (!operation.parameters.some(each => each.name === 'idempotency-key')) return
  const keys: readonly (string | null)[] = [
    null,
    '',
    '""',
    '"',
    ' ',
    'a b',
    'a,b',
    'k'.repeat(256),
    `"${'k'.repeat(256)}"`,
    '\u00e9',
    'a"b',
    "'a'",
    'a\\b',
    'a\tb'
  ]
  const optional = operation.id === 'importCards'
  for (const key of keys)
    yield base(`idempotency-key ${key?.slice(0, 40)}`, {
      headers: { 'idempotency-key': key },
      refused: !(key === "'a'" || (optional && key === null))
    })
  for (const key of [VISIBLE_255, '~!@#$%^&*()']) yield base(`idempotency-key ${key.slice(0, 40)}`, { headers: { 'idempotency-key': key } })
}
