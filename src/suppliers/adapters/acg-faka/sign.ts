import { md5Hex } from '../wire/digest.ts'

/** `sku[a]` belongs to `sku`: what is in the brackets keeps the order in which it is sent. */
const topLevel = (name: string): string => name.split('[')[0] ?? name

/**
 * Top-level names sorted by bytes, empty values left out, raw values, then the key. The server decodes the key as part of a URL:
 * keys that it issues have nothing to decode.
 */
export function signFields(fields: Readonly<Record<string, string>>, key: string): string {
  const parts = Object.entries(fields)
    .filter(([name, value]) => name !== 'sign' && (value !== '' || name.includes('[')))
    .sort(([a], [b]) => (topLevel(a) === topLevel(b) ? 0 : topLevel(a) < topLevel(b) ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
  return md5Hex([...parts, `key=${key}`].join('&'))
}
