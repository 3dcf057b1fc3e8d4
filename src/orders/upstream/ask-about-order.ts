import type { Queryable } from '../../kit/db/index.ts'
import { askNow, findAttempt } from './repository.ts'

export interface SupplierHint {
  /** Ours. */
  readonly reference: string | null
  /** The supplier's. */
  readonly upstreamId: string | null
}

/**
 * A supplier says that something became of an order: it is asked now instead of later. A hint is never more than that, so anyone may
 * send it twice, too late, or forged. False: nothing is waiting for an answer under this name.
 */
export async function askAboutOrder(db: Queryable, supplierId: string, hint: SupplierHint): Promise<boolean> {
  const attempt = await findAttempt(db, supplierId, hint)
  return attempt !== null && (await askNow(db, attempt.id))
}
