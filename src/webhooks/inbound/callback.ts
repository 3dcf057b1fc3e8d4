/** What a supplier calls back in a format of its own. Pure. */
import { createHash } from 'node:crypto'
import type { SupplierEvent } from '../../suppliers/index.ts'

export interface Callback {
  readonly supplierId: string
  /** Lower case; `:path` is the path that was called. */
  readonly headers: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  /** Byte for byte. */
  readonly body: Buffer
}

/** A callback that its adapter has verified. */
export interface VerifiedCallback {
  readonly supplierId: string
  /** Of what was said: these systems number orders, not messages. */
  readonly hash: Buffer
  /** Without secrets: an order or a product by its number. */
  readonly events: readonly SupplierEvent[]
}

export function hashOf({ query, body }: Pick<Callback, 'query' | 'body'>): Buffer {
  const fields = Object.entries(query).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return createHash('sha256').update(JSON.stringify(fields)).update(body).digest()
}

/** Beside the ids that suppliers give to their pushes: these have no colon of ours. */
export const callbackId = (hash: Buffer): string => `callback:${hash.toString('hex')}`

/** How an event is stored: bigints as text. */
export const storedEvent = (event: SupplierEvent): object =>
  event.kind === 'product_changed' ? { ...event, unitCost: event.unitCost === null ? null : String(event.unitCost) } : event
