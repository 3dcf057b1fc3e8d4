/** The OpenAPI document as a judge of answers: is this what the operation says that it answers? */
import AjvCompiler from '@fastify/ajv-compiler'
import type { Json } from '../support/app.ts'

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  readonly schema: Json
  readonly example: unknown
}

export interface Operation {
  readonly id: string
  readonly method: string
  /** With `{id}` for parameters. */
  readonly path: string
  readonly role: 'public' | 'reseller' | 'supplier' | 'operator'
  readonly parameters: readonly Parameter[]
  /** Media type → its schema and an example. */
  readonly bodies: Readonly<Record<string, { readonly schema: Json; readonly example?: Json; readonly examples?: Json }>>
}

/** An answer as it came over the wire. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

export interface Contract {
  readonly operations: readonly Operation[]
  /** What is wrong with an answer of this operation; empty if nothing is. */
  check(operation: Operation, answer: Answer): string[]
  /** Does the document let this value through? */
  accepts(schema: Json, value: unknown): boolean
  /** The schema itself, where the document refers to a component. */
  resolve(schema: Json): Json
}

const PROBLEM = 'application/problem+json'
const METHODS = ['get', 'post', 'put', 'patch', 'delete']
/** Words of drivers, stacks and engines: what an answer must never hold. */
const LEAKS =
  /node_modules|\.ts:\d|\bat (Object|async|new)\b|SELECT |INSERT INTO|violates|duplicate key|syntax error|\bpg_|relation "|ECONN|postgres/i

export function readContract(document: Json): Contract {
  const responses = new Map<Operation, Json>()
  const operations: Operation[] = []
  for (const [path, item] of Object.entries<Json>(document.paths)) {
    for (const method of METHODS.filter(each => item[each] !== undefined)) {
      const operation = toOperation(method, path, item[method])
      operations.push(operation)
      responses.set(operation, item[method].responses)
    }
  }
  const accepts = createAccepts(document.components)
  return {
    operations,
    accepts,
    resolve: schema => resolve(document, schema),
    check: (operation, answer) => [...checkAnswer(answer), ...checkDocumented(responses.get(operation), answer, accepts)]
  }
}

function toOperation(method: string, path: string, item: Json): Operation {
  const security: Json[] = item.security
  const role = Object.keys(security[0] ?? {})[0]?.replace('Key', '') ?? 'public'
  return {
    id: item.operationId,
    method: method.toUpperCase(),
    path,
    role: role as Operation['role'],
    parameters: (item.parameters ?? []).map((each: Json) => ({ ...each, required: each.required === true })),
    bodies: item.requestBody?.content ?? {}
  }
}

function resolve(document: Json, schema: Json): Json {
  const [, name] = /^#\/components\/schemas\/(.+)$/.exec(schema?.$ref ?? '') ?? []
  return name === undefined ? schema : resolve(document, document.components.schemas[name])
}

function createAccepts(components: Json): Contract['accepts'] {
  const external = { document: { $id: 'document', components } }
  const customOptions = { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false, strict: false } as const
  const compile = AjvCompiler()(external, { customOptions })
  const cache = new Map<unknown, (value: unknown) => unknown>()
  return (schema, value) => {
    let check = cache.get(schema)
    if (check === undefined) {
      const absolute = JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"document#/components/'))
      check = compile({ schema: absolute, method: '', url: '' } as unknown as Parameters<typeof compile>[0]) as (value: unknown) => unknown
      cache.set(schema, check)
    }
    return check(value) === true
  }
}

/** What holds for every answer of every operation. */
function checkAnswer({ status, headers, text }: Answer): string[] {
  const faults: string[] = []
  const header = (name: string): string => String(headers[name] ?? '')
  if (status >= 500) faults.push('a server error')
  if (header('x-request-id') === '') faults.push('no x-request-id')
  if (header('ratelimit') === '' || header('ratelimit-policy') === '') faults.push('no RateLimit headers')
  if (status < 400) return faults
  if (!header('content-type').startsWith(PROBLEM)) return [...faults, `an error of type "${header('content-type')}"`]
  const problem: Json = parse(text)
  if (problem?.status !== status) faults.push('a problem with another status')
  if (problem?.requestId !== header('x-request-id')) faults.push('a problem with another request id')
  if (problem?.type !== `/docs/problems/${problem?.code}`) faults.push('a problem with a type that is not its code')
  if (problem?.code === 'validation_failed' && !(problem.errors?.length > 0)) faults.push('a validation problem without errors')
  if (problem?.retryable === true && header('retry-after') === '') faults.push('a retryable problem without Retry-After')
  if (status === 401 && header('www-authenticate') === '') faults.push('a 401 without WWW-Authenticate')
  if (LEAKS.test(text)) faults.push('an answer that speaks of the inside')
  return faults
}

function checkDocumented(responses: Json, { status, headers, text }: Answer, accepts: Contract['accepts']): string[] {
  const documented = responses[status]
  if (documented === undefined) return [`the status ${status} is not documented`]
  const contents = Object.entries<Json>(documented.content ?? {})
  if (contents.length === 0) return text === '' ? [] : ['a body where none is documented']
  const type = String(headers['content-type'] ?? '').split(';')[0]
  const media = contents.find(([name]) => name === type)?.[1]
  if (media === undefined) return [`the content type ${type} is not documented`]
  const body = /json$/.test(type ?? '') ? parse(text) : text
  if (!accepts(media.schema, body)) return ['a body that is not what its schema says']
  if (status >= 400 && type === PROBLEM && media.examples[body.code] === undefined) return [`the code ${body.code} is not documented for ${status}`]
  return []
}

function parse(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
