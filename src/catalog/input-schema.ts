/**
 * What a buyer must say with an order, such as the account to top up: a small subset of JSON Schema, an object of texts.
 * It is checked when it is saved and interpreted here; nothing is fetched and no code is made from it.
 */
import { type FieldError, invalid } from '../kit/errors.ts'
import { compilePattern, patternProblem } from './input-pattern.ts'

export interface InputField {
  type: 'string'
  title?: string
  description?: string
  minLength?: number
  maxLength?: number
  pattern?: string
  enum?: string[]
}

export interface InputSchema {
  type: 'object'
  properties: Record<string, InputField>
  required?: string[]
  /** Always refused, said or not. */
  additionalProperties?: false
}

export const INPUT_TEXT_MAX = 200
/** It travels with every listing and lies in every cache. */
const INPUT_SCHEMA_MAX_BYTES = 16_384

/** Throws: `validation_failed`. */
export function checkInputSchema(schema: InputSchema, pointer: string): void {
  if (Buffer.byteLength(JSON.stringify(schema)) > INPUT_SCHEMA_MAX_BYTES) {
    throw invalid(pointer, `must be at most ${INPUT_SCHEMA_MAX_BYTES} bytes of JSON`)
  }
  for (const [name, field] of Object.entries(schema.properties)) checkField(field, `${pointer}/properties/${name}`)
  schema.required?.forEach((name, index) => {
    if (!Object.hasOwn(schema.properties, name)) throw invalid(`${pointer}/required/${index}`, 'names no property')
  })
}

function checkField(field: InputField, pointer: string): void {
  const { minLength = 0, maxLength = INPUT_TEXT_MAX, pattern } = field
  if (minLength > maxLength) throw invalid(`${pointer}/minLength`, 'must not be above maxLength')
  const problem = pattern === undefined ? null : patternProblem(pattern, maxLength)
  if (problem !== null) throw invalid(`${pointer}/pattern`, problem)
}

/** What is wrong with a buyer's input; empty when nothing is. A SKU without a schema takes no input. */
export function checkInput(schema: InputSchema | null, input: Readonly<Record<string, unknown>>, pointer = '/input'): FieldError[] {
  const fields = schema?.properties ?? {}
  const missing = (schema?.required ?? [])
    .filter(name => !Object.hasOwn(input, name))
    .map(name => ({ pointer: `${pointer}/${name}`, message: 'is required' }))
  const wrong = Object.entries(input).flatMap(([name, value]) => {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined
    const message = field === undefined ? 'is not a field of this SKU' : valueProblem(field, value)
    return message === null ? [] : [{ pointer: `${pointer}/${name.slice(0, 100)}`, message }]
  })
  return [...missing, ...wrong]
}

function valueProblem(field: InputField, value: unknown): string | null {
  if (typeof value !== 'string') return 'must be a string'
  const { minLength = 0, maxLength = INPUT_TEXT_MAX } = field
  const length = [...value].length
  if (length < minLength) return `must have at least ${minLength} characters`
  if (length > maxLength) return `must have at most ${maxLength} characters`
  if (field.enum !== undefined && !field.enum.includes(value)) return 'must be one of the listed values'
  if (field.pattern !== undefined && compilePattern(field.pattern)?.test(value) !== true) return 'does not have the right form'
  return null
}
