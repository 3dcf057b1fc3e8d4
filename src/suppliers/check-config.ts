/** Whether a config fits its adapter's schema, and what of it may be shown. Schemas of configs are flat objects. Never names a value. */
import { DomainError, type FieldError } from '../kit/errors.ts'
import type { SupplierAdapter } from './contract.ts'
import type { SupplierConfig } from './supplier.ts'

interface Field {
  readonly type?: unknown
  readonly writeOnly?: unknown
  readonly minLength?: unknown
  readonly maxLength?: unknown
  readonly enum?: unknown
  readonly pattern?: unknown
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}

const fieldsOf = ({ configSchema }: SupplierAdapter): Readonly<Record<string, Field>> =>
  objectOf(objectOf(configSchema)['properties']) as Readonly<Record<string, Field>>

/** Throws: `validation_failed`. */
export function checkConfig(adapter: SupplierAdapter, config: SupplierConfig): void {
  const fields = fieldsOf(adapter)
  const required = objectOf(adapter.configSchema)['required']
  const missing = (Array.isArray(required) ? required : [])
    .filter(name => config[String(name)] === undefined)
    .map(name => ({ pointer: `/config/${name}`, message: 'is required' }))
  const wrong = Object.entries(config).flatMap(([name, value]): FieldError[] => {
    const message = Object.hasOwn(fields, name) ? problem(fields[name] ?? {}, value) : `is not a setting of the adapter ${adapter.name}`
    return message === null ? [] : [{ pointer: `/config/${name}`, message }]
  })
  const errors = [...missing, ...wrong]
  if (errors.length > 0) throw new DomainError('validation_failed', 'The config does not fit the adapter.', { errors })
}

function problem(field: Field, value: SupplierConfig[string]): string | null {
  const type = Number.isInteger(value) ? ['integer', 'number'] : [typeof value]
  if (field.type !== undefined && !type.includes(String(field.type))) return `must be ${String(field.type)}`
  if (Array.isArray(field.enum) && !field.enum.includes(value)) return `must be one of ${field.enum.join(', ')}`
  if (typeof value !== 'string') return null
  if (typeof field.minLength === 'number' && value.length < field.minLength) return `must have at least ${field.minLength} characters`
  if (typeof field.maxLength === 'number' && value.length > field.maxLength) return `must have at most ${field.maxLength} characters`
  if (typeof field.pattern === 'string' && !new RegExp(field.pattern, 'u').test(value)) return 'does not have the right form'
  return null
}

/** Everything but credentials; nothing, where the adapter does not say which they are. */
export function shownConfig(adapter: SupplierAdapter | null, config: SupplierConfig): SupplierConfig {
  const fields = adapter === null ? {} : fieldsOf(adapter)
  return Object.fromEntries(Object.entries(config).filter(([name]) => fields[name] !== undefined && fields[name]?.writeOnly !== true))
}
