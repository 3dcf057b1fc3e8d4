/**
 * Everything is taken as it is: Fastify's default would turn a body's null into "" and [1] into 1, a query's `0x10` into 16,
 * and would drop unknown fields in silence. Only a whole number in a URL, which has no other way to be one, becomes a number.
 */
import AjvCompiler from '@fastify/ajv-compiler'

export function strictValidators(): AjvCompiler.BuildCompilerFromPool {
  const factory = AjvCompiler()
  return (external, options) => {
    const { mode, ...given } = options ?? {}
    if (mode === 'JTD') throw new Error('schemas are JSON schemas here')
    const customOptions = { ...(given as AjvOptions).customOptions, removeAdditional: false, allErrors: false, coerceTypes: false } as const
    const compile = factory(external, { ...given, customOptions })
    return part => withWholeNumbers(compile(part) as Validator, integersOf(part)) as ReturnType<typeof compile>
  }
}

interface AjvOptions {
  customOptions?: AjvCompiler.Options
}

type Validator = ((data: Record<string, unknown>) => unknown) & { errors?: unknown }

/** What is compiled is a route's part, although the types call it a schema. */
interface RoutePart {
  readonly httpPart?: string
  readonly schema?: { readonly properties?: Readonly<Record<string, { readonly type?: unknown }>> }
}

/** The names of the query parameters that are integers. */
function integersOf(part: unknown): string[] {
  const { httpPart, schema } = part as RoutePart
  if (httpPart === 'body') return []
  return Object.entries(schema?.properties ?? {}).flatMap(([name, { type }]) => (type === 'integer' ? [name] : []))
}

const WHOLE_NUMBER = /^-?(0|[1-9][0-9]{0,14})$/

function withWholeNumbers(check: Validator, names: readonly string[]): Validator {
  if (names.length === 0) return check
  const validate: Validator = data => {
    for (const name of names) {
      const text = data[name]
      if (typeof text === 'string' && WHOLE_NUMBER.test(text)) data[name] = Number(text)
    }
    const valid = check(data)
    validate.errors = check.errors
    return valid
  }
  return validate
}
