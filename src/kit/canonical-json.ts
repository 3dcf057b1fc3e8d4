import { hash } from 'node:crypto'

/** JSON with sorted keys: two bodies that differ only in formatting or key order are the same request. */
export function canonicalJson(value: unknown): string {
  if (value === undefined) return 'null'
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`
}

/** What an idempotency key is bound to: the operation and the content of the request. */
export const requestHash = (operation: string, body: unknown): Buffer => hash('sha256', `${operation}\0${canonicalJson(body)}`, 'buffer')
