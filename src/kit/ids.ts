/**
 * Ids are a prefix and a UUIDv7: `ord_01926f0e-…`. Inside and in the database they are the bare uuid; the prefix exists on the wire only.
 */
import { randomUUIDv7 } from 'node:crypto'
import { notFound } from './errors.ts'

export const ID_PREFIXES = {
  product: 'prd',
  sku: 'sku',
  batch: 'bat',
  card: 'crd',
  reseller: 'rsl',
  supplier: 'sup',
  key: 'key',
  order: 'ord',
  event: 'evt',
  endpoint: 'whe',
  delivery: 'del',
  claim: 'clm',
  transfer: 'txn',
  quote: 'quo',
  topUp: 'tup',
  orderBatch: 'obt'
} as const

export type IdKind = keyof typeof ID_PREFIXES

const UUID_PATTERN = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const UUID = new RegExp(`^${UUID_PATTERN}$`)

/** For JSON schemas. */
export const idPattern = (kind: IdKind): string => `^${ID_PREFIXES[kind]}_${UUID_PATTERN}$`

export const newId = (): string => randomUUIDv7()

export const toApiId = (kind: IdKind, uuid: string): string => `${ID_PREFIXES[kind]}_${uuid}`

/** The bare uuid, or null if the text is not an id of this kind. */
export function parseId(kind: IdKind, text: string): string | null {
  const prefix = ID_PREFIXES[kind]
  if (text.charCodeAt(prefix.length) !== 95 || !text.startsWith(prefix)) return null
  const uuid = text.slice(prefix.length + 1)
  return UUID.test(uuid) ? uuid : null
}

/** For path parameters: a malformed id names nothing, so the answer is `not_found`, as for an id of someone else. */
export function fromApiId(kind: IdKind, text: string): string {
  const uuid = parseId(kind, text)
  if (uuid === null) throw notFound(kind)
  return uuid
}
