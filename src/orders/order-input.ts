/**
 * What a buyer was asked for, such as the account to top up: sealed before anything of it is stored, and bound to its order. Only the
 * call to the supplier opens it.
 */
import { createMasterKeyring, ensureSingleDataKey, type MasterKey, seal, unseal } from '../kit/crypto/index.ts'
import type { Db } from '../kit/db/index.ts'

export type Input = Readonly<Record<string, string>>

export interface OrderInputs {
  seal(orderId: string, input: Input): Input
  /** Throws `Unsealable`. */
  open(orderId: string, stored: Input | null): Input | null
}

/** The one field of what is sealed. Rows from before inputs were sealed have the names of their SKU's fields, which begin with a letter. */
const SEALED = '$sealed'

const associated = (orderId: string): Buffer => Buffer.from(`kahub1|order-input|${orderId}`, 'latin1')

export async function createOrderInputs({ db, masterKeys }: { db: Db; masterKeys: readonly MasterKey[] }): Promise<OrderInputs> {
  const { key } = await ensureSingleDataKey(db, createMasterKeyring(masterKeys), 'order-input')
  return {
    seal: (orderId, input) => ({ [SEALED]: seal(key, associated(orderId), Buffer.from(JSON.stringify(input))).toString('base64') }),
    open: (orderId, stored) => {
      const sealed = stored?.[SEALED]
      if (sealed === undefined) return stored
      const input: Input = JSON.parse(unseal(key, associated(orderId), Buffer.from(sealed, 'base64')).toString())
      return input
    }
  }
}
