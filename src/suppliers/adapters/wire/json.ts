/**
 * JSON of others. Numbers stay the text that was sent: a card number may be longer than a double is exact, and money is no float.
 * So a number and a string of the same digits are the same here; the systems themselves confuse them.
 */
export type Wire = string | boolean | null | readonly Wire[] | { readonly [name: string]: Wire }

const keepDigits = (_name: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === 'number' ? (context?.source ?? String(value)) : value

/** Some editors begin a file of a shop with it, and then the shop begins each of its answers with it. */
const BYTE_ORDER_MARK = '\ufeff'
export const withoutMark = (text: string): string => (text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text)

/** Undefined: not JSON, or nested beyond reason. */
export function parseWire(text: string): Wire | undefined {
  try {
    const value: Wire = JSON.parse(withoutMark(text), keepDigits)
    return value
  } catch {
    return undefined
  }
}

/** Walks into objects; undefined where there is none or no such own field. */
export function at(value: Wire | undefined, ...path: readonly string[]): Wire | undefined {
  let here = value
  for (const name of path) {
    if (here === null || typeof here !== 'object' || Array.isArray(here) || !Object.hasOwn(here, name)) return undefined
    here = (here as { readonly [name: string]: Wire })[name]
  }
  return here
}

/** A string or the digits of a number; null for anything else, for an empty one, and for what is no text: PostgreSQL would refuse it. */
export function textAt(value: Wire | undefined, ...path: readonly string[]): string | null {
  const found = at(value, ...path)
  return typeof found === 'string' && found !== '' && isText(found) ? found : null
}

const isText = (found: string): boolean => !found.includes('\0') && found.isWellFormed()

export function listAt(value: Wire | undefined, ...path: readonly string[]): readonly Wire[] | null {
  const found = at(value, ...path)
  return Array.isArray(found) ? found : null
}

const COUNT_MAX = 2_147_483_647

/** A whole number from zero on. */
export function countAt(value: Wire | undefined, ...path: readonly string[]): number | null {
  const text = textAt(value, ...path)
  if (text === null || !/^\d{1,10}$/.test(text)) return null
  return Number(text) <= COUNT_MAX ? Number(text) : null
}
