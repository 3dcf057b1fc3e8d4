/** What is to be posted, and what was. */

export interface EntryDraft {
  readonly accountId: string
  /** Positive: into the account. Never zero. */
  readonly amount: bigint
}

/** One business event that moves money, at most once: (subjectId, kind, step) names it, and the database refuses a second one. */
export interface TransferDraft {
  readonly id: string
  readonly kind: string
  readonly subjectId: string
  readonly step: number
  readonly currency: string
  readonly note?: string
  readonly entries: readonly EntryDraft[]
}

/** An entry as it was written, with what its transfer says. */
export interface PostedEntry {
  readonly transferId: string
  readonly kind: string
  readonly subjectId: string
  readonly note: string | null
  readonly accountId: string
  readonly amount: bigint
  readonly currency: string
  readonly accountVersion: bigint
  readonly balanceAfter: bigint
  readonly createdAt: Date
}
