/** What a card is, and what makes two keys the same key. Pure. */

/** As it lies in the database; only the vault can read it. */
export interface StoredCard {
  readonly id: string
  readonly skuId: string
  readonly dataKeyId: number
  readonly ciphertext: Buffer
  readonly expiresAt: Date | null
}

/** What the buyer gets. Never in a log, an error, an event or a report. */
export interface CardSecret {
  readonly number: string | null
  readonly secret: string
}

/** A card as a trace of it, without its secret. */
export interface Card {
  readonly id: string
  readonly skuId: string
  readonly batchId: string
  readonly state: CardState
  readonly orderId: string | null
  readonly position: number | null
  readonly expiresAt: Date | null
  readonly issuedAt: Date | null
}

export const CARD_STATES = ['quarantined', 'available', 'reserved', 'issued', 'revealed', 'returned', 'replaced', 'void'] as const

export type CardState = (typeof CARD_STATES)[number]

/** A card that was shown: who, what, when, and in which request. */
export interface Reveal {
  readonly id: bigint
  readonly cardId: string
  readonly orderId: string
  readonly apiKeyId: string | null
  readonly requestId: string
  readonly at: Date
}

/**
 * Blanks and invisible marks around a key come from spreadsheets and chats; they are no part of it.
 * Zero-width marks, direction marks and the byte order mark are not all blanks to `trim`.
 */
const EDGES = /^[\s\u200B-\u200F\u2060\uFEFF]+|[\s\u200B-\u200F\u2060\uFEFF]+$/g

export function trimKey(text: string): string {
  if (text.length === 0) return text
  return isPlain(text.charCodeAt(0)) && isPlain(text.charCodeAt(text.length - 1)) ? text : text.replace(EDGES, '')
}

const isPlain = (code: number): boolean => code > 0x20 && code < 0x7f

/** Anything else is compared after normalisation. */
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/

/**
 * Two keys with the same text here are one key. Letters keep their case: many issuers' keys differ by it.
 * The number belongs to it, because short secrets (PINs) repeat from card to card.
 */
export function fingerprintText({ number, secret }: CardSecret): string {
  const text = number === null ? `\0${secret}` : `${number}\0${secret}`
  return PRINTABLE_ASCII.test(secret) && (number === null || PRINTABLE_ASCII.test(number)) ? text : text.normalize('NFC')
}

const LENGTH_BYTES = 2
const NO_NUMBER = 0xffff
/** In UTF-8; the length field ends here. */
export const NUMBER_MAX_BYTES = 1_024

/** length of the number (2, 0xffff: none) | number | secret. */
export function encodeSecret({ number, secret }: CardSecret): Buffer {
  const numberBytes = number === null ? 0 : Buffer.byteLength(number)
  const encoded = Buffer.allocUnsafe(LENGTH_BYTES + numberBytes + Buffer.byteLength(secret))
  encoded.writeUInt16BE(number === null ? NO_NUMBER : numberBytes, 0)
  if (number !== null) encoded.write(number, LENGTH_BYTES)
  encoded.write(secret, LENGTH_BYTES + numberBytes)
  return encoded
}

export function decodeSecret(encoded: Buffer): CardSecret {
  const length = encoded.readUInt16BE(0)
  if (length === NO_NUMBER) return { number: null, secret: encoded.toString('utf8', LENGTH_BYTES) }
  const end = LENGTH_BYTES + length
  return { number: encoded.toString('utf8', LENGTH_BYTES, end), secret: encoded.toString('utf8', end) }
}
