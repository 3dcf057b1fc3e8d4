import type { Db } from '../kit/db/index.ts'
import { notFound } from '../kit/errors.ts'
import type { Supplier } from './account.ts'
import type { Authenticator } from './authenticator.ts'
import { updateSupplier as update } from './repository.ts'

export interface UpdateSupplierDeps {
  readonly db: Db
  readonly authenticator: Authenticator
}

export interface SupplierChange {
  readonly name?: string
  readonly state?: Supplier['state']
}

/** Changes what is given; pausing shuts out every key of the supplier, effective at once. Throws: not_found. */
export async function updateSupplier({ db, authenticator }: UpdateSupplierDeps, id: string, change: SupplierChange): Promise<Supplier> {
  const supplier = await db.tx(tx => update(tx, id, change))
  if (supplier === null) throw notFound('supplier')
  authenticator.forget(id)
  return supplier
}
