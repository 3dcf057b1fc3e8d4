/** One row of the trail. */
export interface AuditEntry {
  /** 1, 2, 3 … without a gap. */
  readonly seq: number
  readonly at: Date
  readonly actor: string
  readonly action: string
  readonly requestId: string | null
  readonly target: Readonly<Record<string, unknown>>
  readonly detail: Readonly<Record<string, unknown>>
  /** Hex. */
  readonly hash: string
}

/** A place in the chain: all rows up to `seq` are what they are, if its hash is this one. */
export interface Link {
  readonly seq: number
  readonly hash: string
}
