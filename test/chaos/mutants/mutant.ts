/** A bug that somebody might write, with the check that has to turn red for it. Where one wall stands behind another, both are torn down. */

interface Edit {
  readonly file: string
  /** Stands in it exactly once. */
  readonly find: string
  readonly replace: string
}

export type Check =
  /** A short round with these faults. */
  { readonly kind: 'chaos'; readonly faults: string } | { readonly kind: 'test'; readonly file: string }

export interface Mutant {
  readonly name: string
  readonly edits: readonly Edit[]
  readonly check: Check
}

export const chaos = (faults: string): Check => ({ kind: 'chaos', faults })
export const test = (file: string): Check => ({ kind: 'test', file })

/** None: these bugs show on a quiet day. */
export const QUIET = chaos('link.api.latency')
