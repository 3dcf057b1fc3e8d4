import type { Queryable } from '../kit/db/index.ts'
import { notFound } from '../kit/errors.ts'
import { type BatchReport, REJECTED_LISTED_MAX } from './batch.ts'
import { findBatch, listRejectedLines } from './repository.ts'

/** An import, with its first rejected lines. Throws: `not_found`. */
export async function readBatchReport(db: Queryable, batchId: string): Promise<BatchReport> {
  const batch = await findBatch(db, batchId)
  if (batch === null) throw notFound('batch')
  return { batch, rejectedLines: batch.rejected === 0 ? [] : await listRejectedLines(db, batchId, REJECTED_LISTED_MAX) }
}
