import { notFound } from '../kit/errors.ts'
import { requireConfig, type SupplierWriteDeps } from './create-supplier.ts'
import type { SupplierLimits } from './limits.ts'
import { lockSupplier, updateSupplierRow } from './repository.ts'
import type { StoredSupplier, SupplierConfig } from './supplier.ts'

export interface UpdateSupplierDeps extends SupplierWriteDeps {
  readonly authenticator: { forget(ownerId: string): void }
  readonly connections: { forget(supplierId: string): void }
}

export interface SupplierChange {
  readonly name?: string
  readonly state?: StoredSupplier['state']
  readonly limits?: { readonly [K in keyof SupplierLimits]?: SupplierLimits[K] | null }
  /** Settings that are named replace the old ones; null removes one. */
  readonly config?: Readonly<Record<string, SupplierConfig[string] | null>>
}

/** Changes what is given; pausing shuts out every key of the supplier, and nothing new is bought from it. Throws: `not_found`, `validation_failed`. */
export async function updateSupplier(deps: UpdateSupplierDeps, id: string, { config, limits, ...names }: SupplierChange): Promise<StoredSupplier> {
  const supplier = await deps.db.tx(async tx => {
    const before = await lockSupplier(tx, id)
    if (before === null) throw notFound('supplier')
    const change = limits === undefined ? names : { ...names, limits: merge({ ...before.limits }, limits) }
    if (config === undefined) return await updateSupplierRow(tx, id, change)
    const merged = merge<SupplierConfig[string]>(deps.configs.open(id, before.configSealed), config)
    requireConfig(deps, before.adapter, merged)
    return await updateSupplierRow(tx, id, { ...change, configSealed: deps.configs.seal(id, merged) })
  })
  if (supplier === null) throw notFound('supplier')
  deps.authenticator.forget(id)
  deps.connections.forget(id)
  return supplier
}

function merge<V>(before: Readonly<Record<string, V>>, change: Readonly<Record<string, V | null>>): Record<string, V> {
  const merged: Record<string, V> = { ...before }
  for (const [name, value] of Object.entries(change)) {
    if (value === null) delete merged[name]
    else merged[name] = value
  }
  return merged
}
