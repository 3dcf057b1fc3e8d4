import { md5Hex } from '../wire/digest.ts'

export type Fields = Readonly<Record<string, string | number>>

/** Sorted `name=value` of what is not empty, then the key. */
export function signFields(fields: Fields, key: string): string {
  const parts = Object.entries(fields)
    .filter(([name, value]) => name !== 'sign' && value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
  return md5Hex(`${parts.join('&')}${key}`)
}
