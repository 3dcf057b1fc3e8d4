import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

export const md5Hex = (text: string): string => createHash('md5').update(text).digest('hex')
export const sha1Hex = (text: string): string => createHash('sha1').update(text).digest('hex')
export const hmacSha256 = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()

/** In a time that does not tell how much of it was right. */
export function sameText(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map(text => createHash('sha256').update(text).digest())
  return a !== undefined && b !== undefined && timingSafeEqual(a, b)
}

/** How old or how far ahead a signed time may be. */
const SKEW_MAX_MS = 300_000
export const isRecent = (ms: number): boolean => Math.abs(Date.now() - ms) <= SKEW_MAX_MS
