/** Credentials of suppliers at rest: sealed, and bound to the id of their supplier, so that they open for no other one. */
import { createMasterKeyring, ensureSingleDataKey, type MasterKey, seal, unseal } from '../kit/crypto/index.ts'
import type { Db } from '../kit/db/index.ts'
import type { SupplierConfig } from './supplier.ts'

export interface ConfigVault {
  seal(supplierId: string, config: SupplierConfig): Buffer
  /** Throws `Unsealable`. */
  open(supplierId: string, sealed: Buffer | null): SupplierConfig
}

const associated = (supplierId: string): Buffer => Buffer.from(`kahub1|supplier-config|${supplierId}`, 'latin1')

export async function createConfigVault({ db, masterKeys }: { db: Db; masterKeys: readonly MasterKey[] }): Promise<ConfigVault> {
  const { key } = await ensureSingleDataKey(db, createMasterKeyring(masterKeys), 'supplier')
  return {
    seal: (supplierId, config) => seal(key, associated(supplierId), Buffer.from(JSON.stringify(config))),
    open: (supplierId, sealed) => (sealed === null ? {} : (JSON.parse(unseal(key, associated(supplierId), sealed).toString()) as SupplierConfig))
  }
}
