/** How well suppliers did lately, kept in memory: routing asks for it with every order and must not ask the database. */
import type { Queryable } from '../../kit/db/index.ts'
import type { Measure } from '../../suppliers/index.ts'
import { type MeasureRow, readMeasures } from './measure-repository.ts'

export interface Measures {
  of(supplierId: string): Measure
  /** Reads them anew if they are old. */
  refresh(): Promise<void>
}

const MAX_AGE_MS = 15_000
/** What was longer ago says little of now. */
const WINDOW_MS = 3_600_000
const ATTEMPTS_MAX = 200
/** A supplier is taken for good until so many purchases say otherwise: one bad one is chance. */
const TRUST = 5
/** Suppliers whose time differs by less are equally fast. */
const LATENCY_STEP_MS = 250

const UNKNOWN: Measure = { success: 1, latencyMs: 0 }

export function createMeasures({ db }: { readonly db: Queryable }): Measures {
  let known = new Map<string, Measure>()
  let readAt = Number.NEGATIVE_INFINITY
  return {
    of: supplierId => known.get(supplierId) ?? UNKNOWN,
    refresh: async () => {
      if (performance.now() - readAt < MAX_AGE_MS) return
      readAt = performance.now()
      known = new Map((await readMeasures(db, WINDOW_MS, ATTEMPTS_MAX)).map(row => [row.supplierId, toMeasure(row)]))
    }
  }
}

const toMeasure = ({ tries, good, latencyMs }: MeasureRow): Measure => ({
  success: (good + TRUST) / (tries + TRUST),
  latencyMs: Math.round(latencyMs / LATENCY_STEP_MS) * LATENCY_STEP_MS
})
