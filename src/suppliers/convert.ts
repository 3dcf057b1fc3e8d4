/** The mapping between domain and wire. */
import type { Static } from 'typebox'
import { invalid } from '../kit/errors.ts'
import { parseId, toApiId } from '../kit/ids.ts'
import { fromMoneyText, toMoneyText } from '../kit/money.ts'
import { shownConfig } from './check-config.ts'
import type { ConfigVault } from './config-vault.ts'
import type { SourceDraft } from './replace-sources.ts'
import type { ReplaceSources, SkuSourceSchema, SupplierSchema } from './schemas.ts'
import type { Source } from './source.ts'
import type { FindAdapter, StoredSupplier } from './supplier.ts'

/** Asked after the others unless it says otherwise. */
const PRIORITY_DEFAULT = 100

export function toApiSupplier(deps: { configs: ConfigVault; findAdapter: FindAdapter }, supplier: StoredSupplier): Static<typeof SupplierSchema> {
  const { id, name, adapter, limits, state, createdAt, updatedAt, configSealed } = supplier
  return {
    id: toApiId('supplier', id),
    name,
    adapter,
    config: shownConfig(deps.findAdapter(adapter), deps.configs.open(id, configSealed)),
    limits,
    state,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString()
  }
}

export function fromApiSource(body: Static<typeof ReplaceSources>[number], index: number): SourceDraft {
  const supplierId = parseId('supplier', body.supplierId)
  if (supplierId === null) throw invalid(`/${index}/supplierId`, 'is not the id of a supplier')
  return {
    supplierId,
    productCode: body.productCode,
    unitCost: fromMoneyText(body.unitCost, `/${index}/unitCost`),
    priority: body.priority ?? PRIORITY_DEFAULT,
    enabled: body.enabled ?? true
  }
}

export const toApiSource = (source: Source, currency: string): Static<typeof SkuSourceSchema> => ({
  supplierId: toApiId('supplier', source.supplierId),
  productCode: source.productCode,
  unitCost: toMoneyText(source.unitCost, currency),
  priority: source.priority,
  enabled: source.enabled
})
