/** Fulu signs the sorted characters of a text: every permutation of a body has the same signature. */
import { createDecipheriv } from 'node:crypto'
import { md5Hex } from '../wire/digest.ts'

export const signText = (text: string, secret: string): string => md5Hex(`${[...text].sort().join('')}${secret}`)

export const signRequest = (fields: Readonly<Record<string, string>>, secret: string): string => signText(JSON.stringify(fields), secret)

/** AES-256-ECB, the app secret is the key. Null: not encrypted with this secret. */
export function decryptCard(encrypted: string, secret: string): string | null {
  try {
    const decipher = createDecipheriv('aes-256-ecb', Buffer.from(secret, 'utf8'), null)
    return Buffer.concat([decipher.update(encrypted, 'base64'), decipher.final()]).toString('utf8')
  } catch {
    return null
  }
}

const BEIJING_MS = 8 * 3_600_000

/** `2026-01-02 03:04:05` in Beijing. */
export const toBeijingTime = (ms: number): string => new Date(ms + BEIJING_MS).toISOString().slice(0, 19).replace('T', ' ')

export function fromBeijingTime(text: string | null): Date | null {
  if (text === null || !/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text)) return null
  const date = new Date(`${text.replace(' ', 'T')}+08:00`)
  return Number.isNaN(date.getTime()) ? null : date
}
