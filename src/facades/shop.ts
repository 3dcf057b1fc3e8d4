/** What the protocols' commands are given. */
import type { PlaceOrderDeps } from '../orders/index.ts'
import type { FacadeLogins } from './login.ts'

export interface FacadeDeps extends PlaceOrderDeps {
  readonly facadeLogins: FacadeLogins
  readonly urlPolicy: { readonly allowPrivateTargets: boolean }
}

export type Fields = Readonly<Record<string, unknown>>

/** Null: it is no JSON object. */
export function readFields(text: string): Fields | null {
  if (text.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}
