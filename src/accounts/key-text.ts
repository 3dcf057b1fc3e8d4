/**
 * The text of an API key: `kh_live_` or `kh_test_`, 43 base62 characters, and a checksum of what precedes, so that
 * secret scanners can tell a real key from noise and a typing error costs no database read.
 */
import { hash, randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** 62^43 > 2^256. */
const SECRET_LENGTH = 43
/** 62^6 > 2^32. */
const CHECKSUM_LENGTH = 6
const HINT_LENGTH = 4
const KEY = new RegExp(`^kh_(?:live|test)_[0-9A-Za-z]{${SECRET_LENGTH + CHECKSUM_LENGTH}}$`)

/** `randomInt` is a CSPRNG without modulo bias. */
export function newKeyText(test: boolean): string {
  const secret = Array.from({ length: SECRET_LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('')
  const body = `kh_${test ? 'test' : 'live'}_${secret}`
  return body + checksum(body)
}

/** True if the text has the form of a key of this kind of installation and its checksum is right. */
export function isKeyText(text: string, test: boolean): boolean {
  return KEY.test(text) && text.startsWith('kh_test_') === test && checksum(text.slice(0, -CHECKSUM_LENGTH)) === text.slice(-CHECKSUM_LENGTH)
}

export const hintOf = (key: string): string => key.slice(-HINT_LENGTH)

/** A fast hash is right here: 256 random bits cannot be guessed, so there is nothing to slow down. */
export const hashCredential = (credential: string): Buffer => hash('sha256', credential, 'buffer')

function checksum(text: string): string {
  let rest = crc32(text)
  let digits = ''
  for (let index = 0; index < CHECKSUM_LENGTH; index++) {
    digits = ALPHABET.charAt(rest % ALPHABET.length) + digits
    rest = Math.floor(rest / ALPHABET.length)
  }
  return digits
}
