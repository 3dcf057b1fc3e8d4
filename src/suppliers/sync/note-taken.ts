import { appendChanges } from '../../catalog/index.ts'
import { followCosts } from '../follow-costs.ts'
import { lockSkus } from '../source-repository.ts'
import type { ApplyReportsDeps } from './apply-reports.ts'
import type { Taken } from './report.ts'
import { listReportedSkus, lowerAvailable } from './report-repository.ts'

/**
 * Until a supplier says anew what it has, it has less by what was bought from it, and less than what it refused. What it never told stays
 * untold. Throws: `overloaded`, `dependency_unavailable`.
 */
export async function noteTaken({ db, listings }: ApplyReportsDeps, taken: readonly Taken[]): Promise<void> {
  if (taken.length === 0) return
  const skuIds = await db.tx(async tx => {
    const concerned = await listReportedSkus(tx, taken)
    await lockSkus(tx, concerned)
    const moved = await lowerAvailable(tx, taken)
    await appendChanges(
      tx,
      moved.map(skuId => ({ skuId, kind: 'stock' }))
    )
    if (moved.length > 0) await followCosts(tx, moved)
    return moved
  })
  for (const skuId of skuIds) listings.invalidate(skuId)
}
