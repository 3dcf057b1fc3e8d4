/** Small answers that many adapters give in the same words. */
import type {
  CallbackAnswer,
  CallbackResult,
  CancelResult,
  PlaceRequest,
  PlaceResult,
  QueryResult,
  RefusalKind,
  SupplierEvent
} from '../../contract.ts'
import type { NoAnswer } from './exchange.ts'

export const unknown = (detail: string): { readonly kind: 'unknown'; readonly detail: string } => ({ kind: 'unknown', detail })
export const refused = (refusal: RefusalKind, detail: string): PlaceResult => ({ kind: 'refused', refusal, detail })
export const failed = (refusal: RefusalKind, detail: string): QueryResult => ({ kind: 'failed', refusal, detail })
export const CANNOT_CANCEL: CancelResult = { kind: 'refused', detail: 'this supplier takes no cancellation' }

/** What was not received, or not acted on, was not sold, unless the same reference was sent before. */
export function notPlaced(reply: NoAnswer, request: PlaceRequest): PlaceResult {
  if (reply.kind === 'unclear' || request.again === true) return unknown(reply.detail)
  return refused(reply.kind === 'throttled' ? 'rate_limited' : 'rejected', reply.detail)
}

/**
 * For suppliers without a price guard of their own; null: go on. `reply` is what the question for the price was answered with. Nothing was
 * ordered yet, so all answers are definite.
 */
export function checkPrice(reply: { readonly kind: string }, unitCost: bigint | null, { maxUnitCost }: PlaceRequest): PlaceResult | null {
  if (reply.kind === 'throttled') return refused('rate_limited', 'its price could not be read now, nothing was ordered')
  if (unitCost === null) return refused('rejected', 'its price could not be read, nothing was ordered')
  return unitCost > maxUnitCost ? refused('price_exceeded', 'its price is above the limit') : null
}

/** Definite refusals by words; only for systems whose refusals have no codes. What matches none is unknown. */
export type RefusalWords = readonly (readonly [RegExp, RefusalKind])[]
export const findRefusal = (message: string | null, words: RefusalWords): RefusalKind | null =>
  message === null ? null : (words.find(([pattern]) => pattern.test(message))?.[1] ?? null)

export const answerText = (body: string, status = 200): CallbackAnswer => ({ status, contentType: 'text/plain; charset=utf-8', body })
export const events = (acknowledgement: CallbackAnswer, ...found: readonly SupplierEvent[]): CallbackResult => ({
  kind: 'events',
  events: found,
  acknowledgement
})
export const badCallback = (reason: string): CallbackResult => ({ kind: 'refused', reason })
