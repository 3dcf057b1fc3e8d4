/**
 * AES-256-GCM in one buffer: version (1) | iv (12) | ciphertext | tag (16). What is bound to it travels as associated data.
 *
 * Keys are KeyObjects on purpose: OpenSSL then sets a cipher up once a key, not once a message (4 µs instead of 20 µs).
 */
import { createCipheriv, createDecipheriv, type KeyObject, randomFillSync } from 'node:crypto'

const ALGORITHM = 'aes-256-gcm'
const VERSION = 1
const IV_BYTES = 12
/** Always named: without it Node accepts tags that were cut to 4 bytes. */
const TAG = { authTagLength: 16 } as const
const HEADER_BYTES = 1 + IV_BYTES
const OVERHEAD_BYTES = HEADER_BYTES + TAG.authTagLength
/** Random bytes are drawn for this many ivs at once; a draw for each would cost as much as the encryption. */
const IVS_PER_DRAW = 256

const ivs = Buffer.allocUnsafeSlow(IV_BYTES * IVS_PER_DRAW)
let ivOffset = ivs.length

/** Says nothing of the reason: a wrong key, other associated data and a changed byte look the same. */
export class Unsealable extends Error {
  constructor() {
    super('the sealed text does not open')
    this.name = 'Unsealable'
  }
}

/** A random 96-bit iv is safe for 2^32 messages under one key; whoever owns the key bounds its uses. */
export function seal(key: KeyObject, associated: Uint8Array, plain: Uint8Array): Buffer {
  if (ivOffset === ivs.length) {
    randomFillSync(ivs)
    ivOffset = 0
  }
  const sealed = Buffer.allocUnsafe(plain.length + OVERHEAD_BYTES)
  sealed[0] = VERSION
  ivs.copy(sealed, 1, ivOffset, ivOffset + IV_BYTES)
  ivOffset += IV_BYTES
  const cipher = createCipheriv(ALGORITHM, key, sealed.subarray(1, HEADER_BYTES), TAG)
  cipher.setAAD(associated)
  cipher.update(plain).copy(sealed, HEADER_BYTES)
  cipher.final()
  cipher.getAuthTag().copy(sealed, HEADER_BYTES + plain.length)
  return sealed
}

/** Throws `Unsealable`. */
export function unseal(key: KeyObject, associated: Uint8Array, sealed: Buffer): Buffer {
  if (sealed.length < OVERHEAD_BYTES || sealed[0] !== VERSION) throw new Unsealable()
  const tagAt = sealed.length - TAG.authTagLength
  const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(1, HEADER_BYTES), TAG)
  decipher.setAAD(associated)
  decipher.setAuthTag(sealed.subarray(tagAt))
  const plain = decipher.update(sealed.subarray(HEADER_BYTES, tagAt))
  try {
    decipher.final()
  } catch {
    throw new Unsealable()
  }
  return plain
}
