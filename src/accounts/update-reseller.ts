import type { Db } from '../kit/db/index.ts'
import { notFound } from '../kit/errors.ts'
import type { Reseller } from './account.ts'
import type { Authenticator } from './authenticator.ts'
import { updateReseller as update } from './repository.ts'

export interface UpdateResellerDeps {
  readonly db: Db
  readonly authenticator: Authenticator
}

export interface ResellerChange {
  readonly name?: string
  /** Null: base prices again. */
  readonly tier?: string | null
  readonly state?: Reseller['state']
}

/** Changes what is given; pausing shuts out every key of the reseller, and both are effective at once. Throws: not_found. */
export async function updateReseller({ db, authenticator }: UpdateResellerDeps, id: string, change: ResellerChange): Promise<Reseller> {
  const reseller = await db.tx(tx => update(tx, id, change))
  if (reseller === null) throw notFound('reseller')
  authenticator.forget(id)
  return reseller
}
