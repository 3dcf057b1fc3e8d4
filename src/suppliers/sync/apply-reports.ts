import { appendChanges, type Listings } from '../../catalog/index.ts'
import type { Db } from '../../kit/db/index.ts'
import { followCosts } from '../follow-costs.ts'
import { lockSkus } from '../source-repository.ts'
import { newestOfEach, type SourceReport } from './report.ts'
import { listReportedSkus, writeReports } from './report-repository.ts'

export interface ApplyReportsDeps {
  readonly db: Db
  readonly listings: Pick<Listings, 'invalidate'>
}

/** One transaction locks the SKUs of as many products. */
const REPORTS_PER_TX = 500

/**
 * Notes what suppliers say of the products that SKUs are bought as, and announces what changed; prices follow, in the same transaction. Of each product and matter the
 * latest word counts, in whatever order they come; products that nobody sells are passed over. Returns how many SKUs changed.
 * Throws: `overloaded`, `dependency_unavailable`.
 */
export async function applyReports({ db, listings }: ApplyReportsDeps, reports: readonly SourceReport[]): Promise<number> {
  const newest = newestOfEach(reports)
  let changed = 0
  for (let start = 0; start < newest.length; start += REPORTS_PER_TX) {
    const part = newest.slice(start, start + REPORTS_PER_TX)
    const skuIds = await db.tx(async tx => {
      const reported = await listReportedSkus(tx, part)
      if (reported.length === 0) return []
      await lockSkus(tx, reported)
      const moved = await writeReports(tx, part)
      await appendChanges(
        tx,
        moved.map(skuId => ({ skuId, kind: 'stock' }))
      )
      if (moved.length > 0) await followCosts(tx, moved)
      return moved
    })
    for (const skuId of skuIds) listings.invalidate(skuId)
    changed += skuIds.length
  }
  return changed
}
