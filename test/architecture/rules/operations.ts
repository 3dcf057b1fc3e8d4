/** Each operation of the API says enough for a stranger to call it. */
import type { Rule, Violation } from '../rule.ts'

type Json = Readonly<Record<string, unknown>>

interface Operation {
  /** `POST /v1/orders` */
  readonly name: string
  readonly definition: Json
}

const DOCUMENT = 'openapi/openapi.json'
const METHODS = new Set(['get', 'put', 'post', 'patch', 'delete', 'head', 'options', 'trace'])

export const operations: Rule = {
  name: 'operations of the API',
  level: 'error',
  check: ({ openapi }) => {
    if (openapi === undefined) return []
    const document = object(openapi)
    const found = operationsOf(document)
    return [
      ...repeatedIds(found),
      ...found.flatMap(each => missing(each, document).map(what => ({ path: DOCUMENT, message: `${each.name} ${what}` })))
    ]
  }
}

const object = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {})
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

function operationsOf(document: Json): Operation[] {
  return Object.entries(object(document['paths'])).flatMap(([path, item]) =>
    Object.entries(object(item))
      .filter(([method]) => METHODS.has(method))
      .map(([method, definition]) => ({ name: `${method.toUpperCase()} ${path}`, definition: object(definition) }))
  )
}

function repeatedIds(found: readonly Operation[]): Violation[] {
  const users = Map.groupBy(found, ({ definition }) => String(definition['operationId'] ?? ''))
  return [...users].flatMap(([id, { length }]) =>
    id === '' || length === 1 ? [] : [{ path: DOCUMENT, message: `operationId ${id} is used ${length} times` }]
  )
}

function missing({ definition }: Operation, document: Json): string[] {
  const statuses = Object.keys(object(definition['responses']))
  const bodies = Object.entries(object(follow(document, object(definition['requestBody']))['content']))
  return [
    ...(typeof definition['operationId'] === 'string' ? [] : ['has no operationId']),
    ...(typeof definition['summary'] === 'string' && definition['summary'] !== '' ? [] : ['has no summary']),
    ...(list(definition['tags']).length > 0 ? [] : ['has no tag']),
    // An empty list is an answer too: nobody has to sign in.
    ...(Array.isArray(definition['security']) ? [] : ['does not say who may call it (security)']),
    ...(statuses.some(each => /^[45]|^default$/.test(each)) ? [] : ['describes no error']),
    ...bodies.filter(([, media]) => !hasExample(document, object(media))).map(([type]) => `has no example of its ${type} body`)
  ]
}

function hasExample(document: Json, media: Json): boolean {
  if ('example' in media || Object.keys(object(media['examples'])).length > 0) return true
  const schema = follow(document, object(media['schema']))
  return 'example' in schema || list(schema['examples']).length > 0
}

/** What `$ref` stands for. */
function follow(document: Json, value: Json): Json {
  const reference = value['$ref']
  if (typeof reference !== 'string') return value
  return reference
    .replace(/^#\//, '')
    .split('/')
    .reduce<Json>((at, key) => object(at[key.replaceAll('~1', '/').replaceAll('~0', '~')]), document)
}
