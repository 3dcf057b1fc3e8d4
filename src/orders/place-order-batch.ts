/** Up to a hundred independent orders in one request. Each is idempotent by itself, and the list of their outcomes is kept as well. */
import { DomainError, type ErrorCode, type FieldError } from '../kit/errors.ts'
import { keyReused } from '../kit/idempotency.ts'
import { newId } from '../kit/ids.ts'
import type { OrderRequest } from './order.ts'
import { findOrderBatch, insertOrderBatch, type StoredResult } from './order-batch-repository.ts'
import { type PlaceOrderDeps, type PlaceOrderResult, placeOrder } from './place-order.ts'
import { readOrder } from './repository.ts'
import { revealAgain } from './reveal-again.ts'

export interface PlaceOrderBatch {
  readonly resellerId: string
  readonly key: string
  /** Of the whole request: a batch with other content under the same key is refused as a whole. */
  readonly hash: Buffer
  /** With keys derived from the batch's. */
  readonly orders: readonly OrderRequest[]
}

export type BatchItem = { readonly kind: 'order'; readonly result: PlaceOrderResult } | { readonly kind: 'problem'; readonly error: DomainError }

export interface PlaceOrderBatchResult {
  readonly id: string
  readonly items: readonly BatchItem[]
  readonly replayed: boolean
}

/**
 * A crash in between is repaired by the same request: what was placed is found by its key, the rest is placed then.
 * Throws: `idempotency_key_reused`, `overloaded` or `dependency_unavailable` if an order could not be decided; send the same request again.
 */
export async function placeOrderBatch(deps: PlaceOrderDeps, input: PlaceOrderBatch): Promise<PlaceOrderBatchResult> {
  const known = await findOrderBatch(deps.db, input.resellerId, input.key)
  if (known !== null) {
    if (!known.hash.equals(input.hash)) throw keyReused()
    return { id: known.id, items: await Promise.all(known.results.map(result => restore(deps, input, result))), replayed: true }
  }
  const items = await Promise.all(input.orders.map(order => placeItem(deps, order)))
  const undecided = items.find(item => item.kind === 'problem' && isUndecided(item.error.code))
  if (undecided?.kind === 'problem') throw undecided.error
  const reused = items.find(item => item.kind === 'problem' && item.error.code === 'idempotency_key_reused')
  if (reused?.kind === 'problem') throw reused.error
  const id = await insertOrderBatch(deps.db, { id: newId(), ...input, results: items.map(toStored) })
  return { id, items, replayed: false }
}

/** Without a decision there is nothing to keep: the batch's own answer is that it should be sent again. */
const isUndecided = (code: ErrorCode): boolean =>
  code === 'overloaded' || code === 'dependency_unavailable' || code === 'request_in_progress' || code === 'internal_error'

async function placeItem(deps: PlaceOrderDeps, order: OrderRequest): Promise<BatchItem> {
  try {
    return { kind: 'order', result: await placeOrder(deps, order) }
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    return { kind: 'problem', error }
  }
}

const toStored = (item: BatchItem): StoredResult =>
  item.kind === 'order' ? { orderId: item.result.order.id } : { code: item.error.code, detail: item.error.message, errors: item.error.errors ?? null }

async function restore(deps: PlaceOrderDeps, input: PlaceOrderBatch, stored: StoredResult): Promise<BatchItem> {
  if ('code' in stored) return { kind: 'problem', error: toError(stored.code, stored.detail, stored.errors) }
  const order = await readOrder(deps.db, stored.orderId, input.resellerId)
  if (order === null) throw new Error(`order ${stored.orderId} of a stored batch is missing`)
  const by = { apiKeyId: input.orders[0]?.apiKeyId ?? null, requestId: input.orders[0]?.requestId ?? '' }
  const [cards, listing] = await Promise.all([revealAgain(deps, order, by), deps.listings.get(order.skuId)])
  return { kind: 'order', result: { order, cards, replayed: true, cardKind: listing?.cardKind ?? 'text' } }
}

const toError = (code: ErrorCode, detail: string, errors: readonly FieldError[] | null): DomainError =>
  new DomainError(code, detail, errors === null ? {} : { errors })
