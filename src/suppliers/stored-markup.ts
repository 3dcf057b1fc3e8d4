/** A markup as it is stored: amounts in 1/10000, as text, because JSON numbers are floats. */
import type { Markup } from './markup.ts'

export interface StoredMarkup {
  readonly percent: number
  readonly fixed: string
  readonly roundTo: string
  readonly minimum: string
  readonly currency: string | null
}

export const toMarkup = (stored: StoredMarkup | null): Markup | null =>
  stored === null ? null : { ...stored, fixed: BigInt(stored.fixed), roundTo: BigInt(stored.roundTo), minimum: BigInt(stored.minimum) }

export const fromMarkup = (markup: Markup | null): StoredMarkup | null =>
  markup === null ? null : { ...markup, fixed: markup.fixed.toString(), roundTo: markup.roundTo.toString(), minimum: markup.minimum.toString() }
