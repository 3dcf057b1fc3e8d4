/** Cards that a supplier sold for an order: sealed before anything of them is stored. */
import { newId } from '../kit/ids.ts'
import { type CardSecret, NUMBER_MAX_BYTES, trimKey } from './card.ts'
import { fingerprintOf, sealCard } from './card-cipher.ts'
import type { Vault } from './vault.ts'

export interface SealedCard {
  readonly id: string
  readonly fingerprint: Buffer
  readonly dataKeyId: number
  readonly ciphertext: Buffer
  readonly expiresAt: Date | null
}

/** A text that can be handed on as a card. */
export const isUsable = ({ number, secret }: CardSecret): boolean =>
  trimKey(secret) !== '' && !secret.includes('\0') && (number === null || Buffer.byteLength(number) <= NUMBER_MAX_BYTES)

/** Throws: `dependency_unavailable`. */
export async function sealPurchased(
  vault: Vault,
  skuId: string,
  cards: readonly (CardSecret & { readonly expiresAt: Date | null })[]
): Promise<SealedCard[]> {
  if (cards.length === 0) return []
  const keys = await vault.sealKeys(cards.length)
  return cards.map(({ number, secret, expiresAt }) => {
    const id = newId()
    const trimmed = { number: number === null ? null : trimKey(number), secret: trimKey(secret) }
    const ciphertext = sealCard(keys, { id, skuId }, trimmed)
    return { id, fingerprint: fingerprintOf(keys, trimmed), dataKeyId: keys.dataKeyId, ciphertext, expiresAt }
  })
}
