/** From what a supplier sent as cards to what may be handed on. */
import type { CardKind, PlaceResult, QueryResult, SuppliedCard } from '../../contract.ts'

export interface RawCard {
  readonly number?: string | null
  readonly secret: string | null
  readonly kind?: CardKind
  readonly expiresAt?: Date | null
}

/** Longer than any key, shorter than any picture: what is longer was not meant as a key. */
const TEXT_CARD_MAX_CHARS = 4_000
const IMAGE_CARD_MAX_CHARS = 1_048_576
const CONTROL = /[\u0000-\u001f\u007f]/
const CHINESE = /[\u4e00-\u9fff]/
/** Every key has such a run somewhere; 「很抱歉，请联系客服」 has none. An apology in Latin letters cannot be told from a key. */
const KEY_LIKE = /[0-9A-Za-z]{4}/

/** For shops that keep a key without a number in either of their two fields. A number that is only a position is no key. */
export const fromEither = (number: string | null, secret: string | null): Pick<RawCard, 'number' | 'secret'> =>
  (secret ?? '').trim() === '' && KEY_LIKE.test(number ?? '') ? { secret: number } : { number, secret }

function readCard({ number = null, secret, kind, expiresAt = null }: RawCard): SuppliedCard | null {
  const trimmed = secret?.trim() ?? ''
  const read = kind ?? (/^https?:\/\/\S+$/i.test(trimmed) ? 'link' : 'text')
  const max = read === 'image' ? IMAGE_CARD_MAX_CHARS : TEXT_CARD_MAX_CHARS
  if (trimmed === '' || trimmed.length > max || CONTROL.test(trimmed)) return null
  if (read !== 'image' && CHINESE.test(trimmed) && !KEY_LIKE.test(trimmed)) return null
  const label = number?.trim() ?? ''
  if (label.length > TEXT_CARD_MAX_CHARS || CONTROL.test(label)) return null
  return { number: label === '' || label === trimmed ? null : label, secret: trimmed, kind: read, expiresAt }
}

export interface Delivery {
  readonly raw: readonly RawCard[]
  /** As the supplier understood the order; null: it does not say. */
  readonly quantity: number | null
  readonly upstreamId: string | null
  readonly unitCost: bigint | null
}

/**
 * A finished order. The same card twice is one card. More than ordered is handed on: who bought them keeps them.
 * One text that is no card makes all of it unclear, for people to look at.
 */
export function delivered({ raw, quantity, upstreamId, unitCost }: Delivery): QueryResult {
  const cards = new Map<string, SuppliedCard>()
  for (const each of raw) {
    const card = readCard(each)
    if (card === null) return { kind: 'unknown', detail: 'delivered a text that is no card' }
    cards.set(`${card.number ?? ''}\n${card.secret}`, card)
  }
  const distinct = [...cards.values()]
  if (quantity !== null && distinct.length < quantity) return { kind: 'partial', upstreamId, cards: distinct }
  return { kind: 'fulfilled', upstreamId, cards: distinct, unitCost }
}

/** `fulfilled` only with exactly what was ordered; anything else is for the query to tell. */
export function deliveredAtOnce(delivery: Delivery & { readonly quantity: number }): PlaceResult {
  const result = delivered(delivery)
  if (result.kind === 'unknown') return result
  if (result.kind === 'fulfilled' && result.cards.length === delivery.quantity) return result
  return { kind: 'accepted', upstreamId: delivery.upstreamId }
}
