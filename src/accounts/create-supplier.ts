import type { Db } from '../kit/db/index.ts'
import { newId } from '../kit/ids.ts'
import type { Supplier } from './account.ts'
import { insertSupplier } from './repository.ts'

/** Opens an account for a supplier, without keys. Throws nothing of its own. */
export const createSupplier = async (db: Db, input: { readonly name: string }): Promise<Supplier> =>
  await db.tx(tx => insertSupplier(tx, { id: newId(), ...input }))
