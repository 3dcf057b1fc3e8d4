/** From what an adapter answered to an outcome. Whatever is not definite, or not usable, is unknown. */
import { isUsable, sealPurchased, type Vault } from '../../inventory/index.ts'
import { assertNever } from '../../kit/errors.ts'
import type { NotSent, PlaceResult, QueryResult, SuppliedCard } from '../../suppliers/index.ts'
import type { Outcome } from './attempt.ts'

/** What was bought: decides what a whole delivery is. */
export interface Goods {
  readonly skuId: string
  readonly isTopUp: boolean
}

type Delivery = Extract<QueryResult, { readonly kind: 'fulfilled' | 'partial' }>

const unknown = (detail: string): Outcome => ({ kind: 'unknown', detail, canAsk: true })

/** Throws: `dependency_unavailable`. */
export async function placeOutcome(vault: Vault, goods: Goods, result: PlaceResult | NotSent): Promise<Outcome> {
  switch (result.kind) {
    case 'not_sent':
    case 'accepted':
      return result
    case 'fulfilled':
      return await delivered(vault, goods, result)
    case 'refused':
      return { ...result, isFromQuery: false }
    case 'unknown':
      return unknown(result.detail)
    default:
      return assertNever(result)
  }
}

/** Throws: `dependency_unavailable`. */
export async function queryOutcome(vault: Vault, goods: Goods, result: QueryResult | NotSent): Promise<Outcome> {
  switch (result.kind) {
    case 'not_sent':
    case 'not_found':
      return result
    case 'pending':
      return { kind: 'accepted', upstreamId: result.upstreamId }
    case 'fulfilled':
    case 'partial':
      return await delivered(vault, goods, result)
    case 'failed':
      // These are about the question, not about the order.
      if (result.refusal === 'auth' || result.refusal === 'rate_limited') return unknown(result.detail)
      return { kind: 'refused', refusal: result.refusal, detail: result.detail, isFromQuery: true }
    case 'unknown':
      return unknown(result.detail)
    default:
      return assertNever(result)
  }
}

/** An order that was placed again under its own reference: a refusal may be about the second request only, so it is a "not found". */
export async function placedAgainOutcome(vault: Vault, goods: Goods, result: PlaceResult | NotSent): Promise<Outcome> {
  if (result.kind !== 'refused') return await placeOutcome(vault, goods, result)
  const isAboutTheRequest = result.refusal === 'auth' || result.refusal === 'rate_limited' || result.refusal === 'no_funds'
  return isAboutTheRequest ? unknown(result.detail) : { kind: 'not_found' }
}

async function delivered(vault: Vault, { skuId, isTopUp }: Goods, result: Delivery): Promise<Outcome> {
  if (isTopUp) return result.kind === 'partial' ? unknown('a top-up that is done in part') : topUpDone(result)
  // Who was paid and brought nothing has not refused: another source would be a second purchase.
  if (result.cards.length === 0) return unknown('said to be done, and brought no card')
  if (!result.cards.every(isUsable)) return unknown('brought a text that is no card')
  const cards = await sealPurchased(vault, skuId, result.cards.map(plain))
  return {
    kind: 'delivered',
    upstreamId: result.upstreamId,
    unitCost: result.kind === 'fulfilled' ? result.unitCost : null,
    cards,
    isTopUp: false,
    isWhole: result.kind === 'partial'
  }
}

const topUpDone = ({ upstreamId, unitCost }: Extract<QueryResult, { kind: 'fulfilled' }>): Outcome => ({
  kind: 'delivered',
  upstreamId,
  unitCost,
  cards: [],
  isTopUp: true,
  isWhole: true
})

const plain = ({ number, secret, expiresAt }: SuppliedCard) => ({ number, secret, expiresAt })
