/** What the protocols' commands are given. */
import type { PlaceOrderDeps } from '../orders/index.ts'
import type { FacadeLogins } from './login.ts'

export interface FacadeDeps extends PlaceOrderDeps {
  readonly facadeLogins: FacadeLogins
  readonly urlPolicy: { readonly allowPrivateTargets: boolean }
}

export type Fields = Readonly<Record<string, unknown>>

/** No protocol nests deeper than two; what does would break whoever walks through it. */
const DEPTH_MAX = 8

/** Null: it is no JSON object, or too deep. */
export function readFields(text: string): Fields | null {
  if (text.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) && isShallow(value) ? { ...value } : null
  } catch {
    return null
  }
}

function isShallow(value: object): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEPTH_MAX) return false
    level = level.flatMap(each => (typeof each === 'object' && each !== null ? Object.values(each) : []))
  }
  return true
}

/** What a buyer filled in; what was left empty is left out. Null: one of them is no text. */
export function readTexts(fields: Fields): Readonly<Record<string, string>> | null {
  const texts: [string, string][] = []
  for (const [name, value] of Object.entries(fields)) {
    if (value === null || value === '') continue
    if (typeof value === 'object') return null
    const text = String(value)
    if (text.includes('\0') || !text.isWellFormed()) return null
    texts.push([name, text])
  }
  return Object.fromEntries(texts)
}
