/** What a statement of the model gets and gives. */
import { type Holder, SqlError } from './store.ts'
import type { Store, TransferRow } from './tables.ts'

export interface Running extends Holder {
  /** Transfers written so far: they are checked at commit. */
  readonly transfers: TransferRow[]
}

export interface Given {
  readonly store: Store
  readonly holder: Running
  // biome-ignore lint/suspicious/noExplicitAny: a driver takes whatever it is given
  readonly values: readonly any[]
  readonly now: () => Date
  readonly newId: () => string
  /** Something that the database does not refuse, and that must never happen. */
  readonly mustNot: (what: string) => void
}

export interface Answer {
  readonly rows: readonly object[]
  readonly count: number
}

/** Throws Blocked before it has written anything, or the error of the database. */
export type Statement = (given: Given) => Answer

export const rows = (found: readonly object[]): Answer => ({ rows: found, count: found.length })
export const count = (touched: number): Answer => ({ rows: [], count: touched })

/** As the function of the same name in the migrations. */
export function expectRows(actual: number, expected: number, what: string): void {
  if (actual !== expected) throw new SqlError('KH001', `${actual} ${what}, not ${expected}`)
}

/** A parameter as the server understands it: the text of an array without quotes (`kit/db/plain-array.ts`) is a list. */
export function fromParameter(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\{[^"{}]+\}$/.test(value)) return value
  const items = value.slice(1, -1).split(',')
  return items.map(item => (item === 'NULL' ? null : item))
}

/** An array, and not a JSON object: only the statement knows what `{}` is. */
export const list = <T = string>(value: unknown): T[] => (value === '{}' ? [] : (value as T[]))
