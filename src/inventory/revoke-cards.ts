import { type CardSecret, trimKey } from './card.ts'
import { type MoveDeps, moveUnsold } from './move-cards.ts'
import { findSuppliedCards, moveCards } from './repository.ts'
import { moveOf } from './states.ts'
import type { Vault } from './vault.ts'

export interface RevokeDeps extends MoveDeps {
  readonly vault: Vault
}

/** What became of cards that their supplier takes back. */
export interface Revoked {
  /** Not for sale any more, now or before. */
  readonly voided: number
  /** Somebody has them. */
  readonly sold: number
  /** Never stocked, or not from this supplier. */
  readonly unknown: number
}

/** Voids the unsold ones of a supplier's cards. Doing it again changes nothing. Throws: `overloaded`, `dependency_unavailable`. */
export async function revokeCards(
  deps: RevokeDeps,
  { supplierId, cards }: { readonly supplierId: string; readonly cards: readonly CardSecret[] }
): Promise<Revoked> {
  const fingerprints = new Map(cards.map(card => deps.vault.fingerprint(trimmed(card))).map(each => [each.toString('hex'), each]))
  const found = await findSuppliedCards(deps.db, supplierId, [...fingerprints.values()])
  const move = moveOf('void')
  const open = found.filter(({ state }) => state !== move.to)
  const skuIds = [...new Set(open.map(({ skuId }) => skuId))]
  const ids = open.map(({ id }) => id)
  const { moved } = open.length === 0 ? { moved: 0 } : await moveUnsold(deps, skuIds, move.to, tx => moveCards(tx, ids, move))
  return { voided: found.length - open.length + moved, sold: open.length - moved, unknown: fingerprints.size - found.length }
}

const trimmed = ({ number, secret }: CardSecret): CardSecret => ({ number: number === null ? null : trimKey(number), secret: trimKey(secret) })
