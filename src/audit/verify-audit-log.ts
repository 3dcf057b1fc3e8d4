import type { Db, Queryable } from '../kit/db/index.ts'
import type { Link } from './entry.ts'
import { checkLinks, readGenesis, readHash, readHead } from './repository.ts'

export type BrokenReason =
  /** The row is not the one that was written here. */
  | 'changed'
  /** Rows before this one are gone. */
  | 'missing_before'
  /** Rows after the last one are gone, or the end of the chain was set by hand. */
  | 'end_missing'
  /** The chain is whole, but it is not the one whose hash was noted. */
  | 'not_as_noted'

export interface AuditReport {
  readonly ok: boolean
  readonly checkedAt: Date
  readonly entries: number
  /** To be noted elsewhere: whoever rewrites the chain cannot make it end in this again. */
  readonly head: Link
  /** The first place that is wrong. */
  readonly broken: { readonly seq: number; readonly reason: BrokenReason } | null
}

/** Rows that are hashed in one statement: some tens of milliseconds. */
const PAGE_ROWS = 5_000

/** Calculates the whole chain anew, and compares it with a place of it that was noted earlier. Repairs nothing. Throws: `overloaded`. */
export async function verifyAuditLog(db: Db, noted: Link | null): Promise<AuditReport> {
  return await db.snapshot(async view => {
    const end = await readHead(view)
    const chain = await walk(view)
    const head = end ?? chain.last
    const broken = chain.broken ?? (await compareEnds(view, { chain: chain.last, end, noted }))
    return { ok: broken === null, checkedAt: new Date(), entries: chain.entries, head, broken }
  })
}

async function walk(view: Queryable): Promise<{ entries: number; last: Link; broken: AuditReport['broken'] }> {
  let last = await readGenesis(view)
  let entries = 0
  for (;;) {
    const page = await checkLinks(view, last, PAGE_ROWS)
    entries += page.entries
    if (page.broken !== null) return { entries, last, broken: { seq: page.broken.seq, reason: page.broken.gap ? 'missing_before' : 'changed' } }
    if (page.last === null) return { entries, last, broken: null }
    last = page.last
  }
}

interface Ends {
  readonly chain: Link
  readonly end: Link | null
  readonly noted: Link | null
}

async function compareEnds(view: Queryable, { chain, end, noted }: Ends): Promise<AuditReport['broken']> {
  if (end === null || end.seq !== chain.seq || end.hash !== chain.hash) return { seq: chain.seq, reason: 'end_missing' }
  if (noted === null) return null
  return (await readHash(view, noted.seq)) === noted.hash ? null : { seq: noted.seq, reason: 'not_as_noted' }
}
