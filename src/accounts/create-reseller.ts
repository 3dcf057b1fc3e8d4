import type { Db } from '../kit/db/index.ts'
import { newId } from '../kit/ids.ts'
import type { Reseller } from './account.ts'
import { insertReseller } from './repository.ts'

export interface CreateResellerInput {
  readonly name: string
  readonly tier: string | null
  readonly currency: string
}

/** Opens an account for a reseller, without keys and without money. Throws nothing of its own. */
export const createReseller = async (db: Db, input: CreateResellerInput): Promise<Reseller> =>
  await db.tx(tx => insertReseller(tx, { id: newId(), ...input }))
