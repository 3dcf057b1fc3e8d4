/**
 * One card in and out of its ciphertext. Its id, its SKU and its data key are bound to it, so a ciphertext that was moved to another
 * row, or edited, does not open. Runs in the sealing thread too: imports nothing that knows a database.
 */
import type { KeyObject } from 'node:crypto'
import { seal, unseal } from '../kit/crypto/aead.ts'
import { keyedHash } from '../kit/crypto/keyed-hash.ts'
import { type CardSecret, decodeSecret, encodeSecret, fingerprintText, type StoredCard } from './card.ts'

/** What sealing takes. KeyObjects may pass to a worker thread. */
export interface SealKeys {
  readonly dataKeyId: number
  readonly dataKey: KeyObject
  readonly fingerprintKey: KeyObject
}

const associatedData = (cardId: string, skuId: string, dataKeyId: number): Buffer =>
  Buffer.from(`kahub1|card|${cardId}|${skuId}|${dataKeyId}`, 'latin1')

export const sealCard = (keys: SealKeys, card: { readonly id: string; readonly skuId: string }, secret: CardSecret): Buffer =>
  seal(keys.dataKey, associatedData(card.id, card.skuId, keys.dataKeyId), encodeSecret(secret))

/** Throws `Unsealable`. */
export const unsealCard = (dataKey: KeyObject, card: StoredCard): CardSecret =>
  decodeSecret(unseal(dataKey, associatedData(card.id, card.skuId, card.dataKeyId), card.ciphertext))

export const fingerprintOf = (keys: Pick<SealKeys, 'fingerprintKey'>, secret: CardSecret): Buffer =>
  keyedHash(keys.fingerprintKey, fingerprintText(secret))
