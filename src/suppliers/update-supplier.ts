import { appendChanges, type Listings } from '../catalog/index.ts'
import type { Tx } from '../kit/db/index.ts'
import { notFound } from '../kit/errors.ts'
import { requireConfig, type SupplierWriteDeps } from './create-supplier.ts'
import { followCosts } from './follow-costs.ts'
import type { SupplierLimits } from './limits.ts'
import { lockSupplier, type SupplierRowChange, updateSupplierRow } from './repository.ts'
import { listSkusOfSupplier, lockSkus } from './source-repository.ts'
import type { StoredSupplier, SupplierConfig, SupplierSettings } from './supplier.ts'
import { syncSoon } from './sync/sync-repository.ts'

export interface UpdateSupplierDeps extends SupplierWriteDeps {
  readonly authenticator: { forget(ownerId: string): void }
  readonly connections: { forget(supplierId: string): void }
  readonly listings: Listings
}

export interface SupplierChange {
  readonly name?: string
  readonly state?: StoredSupplier['state']
  readonly limits?: { readonly [K in keyof SupplierLimits]?: SupplierLimits[K] | null }
  /** Settings that are named replace the old ones; null removes one. */
  readonly config?: Readonly<Record<string, SupplierConfig[string] | null>>
  readonly settings?: Partial<SupplierSettings>
}

/**
 * Changes what is given. Pausing shuts out every key of the supplier, and nothing new is bought from it: its SKUs are announced, and prices
 * follow the sources that are left. Throws: `not_found`, `validation_failed`.
 */
export async function updateSupplier(deps: UpdateSupplierDeps, id: string, change: SupplierChange): Promise<StoredSupplier> {
  const { supplier, skuIds } = await deps.db.tx(async tx => {
    const before = await lockSupplier(tx, id)
    if (before === null) throw notFound('supplier')
    const updated = await updateSupplierRow(tx, id, toRowChange(deps, before, change))
    if (updated === null) throw notFound('supplier')
    const isOther = updated.state !== before.state || change.settings?.markup !== undefined
    const concerned = isOther ? await announce(tx, id) : []
    await syncSoon(tx, [id])
    return { supplier: updated, skuIds: concerned }
  })
  deps.authenticator.forget(id)
  deps.connections.forget(id)
  for (const skuId of skuIds) deps.listings.invalidate(skuId)
  return supplier
}

function toRowChange(deps: UpdateSupplierDeps, before: StoredSupplier, change: SupplierChange): SupplierRowChange {
  const { config, limits, settings = {}, ...names } = change
  const { lowBalance, ...others } = settings
  const row = {
    ...names,
    ...others,
    ...(limits === undefined ? {} : { limits: merge({ ...before.limits }, limits) }),
    ...(lowBalance === undefined ? {} : { lowBalance: lowBalance?.amount ?? null, lowBalanceCurrency: lowBalance?.currency ?? null })
  }
  if (config === undefined) return row
  const merged = merge<SupplierConfig[string]>(deps.configs.open(before.id, before.configSealed), config)
  requireConfig(deps, before.adapter, merged)
  return { ...row, configSealed: deps.configs.seal(before.id, merged) }
}

async function announce(tx: Tx, supplierId: string): Promise<string[]> {
  const skuIds = await listSkusOfSupplier(tx, supplierId)
  await lockSkus(tx, skuIds)
  await appendChanges(
    tx,
    skuIds.map(skuId => ({ skuId, kind: 'stock' }))
  )
  await followCosts(tx, skuIds)
  return skuIds
}

function merge<V>(before: Readonly<Record<string, V>>, change: Readonly<Record<string, V | null>>): Record<string, V> {
  const merged: Record<string, V> = { ...before }
  for (const [name, value] of Object.entries(change)) {
    if (value === null) delete merged[name]
    else merged[name] = value
  }
  return merged
}
