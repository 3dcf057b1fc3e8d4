import type { Db } from '../kit/db/index.ts'
import { invalid } from '../kit/errors.ts'
import { newId } from '../kit/ids.ts'
import type { OutboundHttp } from '../kit/outbound-http.ts'
import type { SigningSecrets } from '../kit/signing-secrets.ts'
import { checkConfig } from './check-config.ts'
import type { ConfigVault } from './config-vault.ts'
import { adapterUnknown, configNotTaken } from './errors.ts'
import type { SupplierLimits } from './limits.ts'
import { insertSupplier } from './repository.ts'
import { type FindAdapter, PUSH_ADAPTER, type StoredSupplier, type SupplierConfig, type SupplierSettings } from './supplier.ts'
import { openSync } from './sync/sync-repository.ts'

export interface SupplierWriteDeps {
  readonly db: Db
  readonly findAdapter: FindAdapter
  readonly configs: ConfigVault
  readonly signingSecrets: SigningSecrets
  /** Not called: an adapter wants it to read its config. */
  readonly outboundHttp: OutboundHttp
}

export interface NewSupplier {
  readonly name: string
  readonly adapter: string
  readonly config: SupplierConfig
  readonly limits: SupplierLimits
  readonly settings: Partial<SupplierSettings>
}

/** Opens an account for a supplier. The secret that signs its pushes is returned here and never again. Throws: `validation_failed`. */
export async function createSupplier(
  deps: SupplierWriteDeps,
  { name, adapter, config, limits, settings }: NewSupplier
): Promise<{ supplier: StoredSupplier; webhookSecret: string }> {
  requireConfig(deps, adapter, config)
  const id = newId()
  const configSealed = adapter === PUSH_ADAPTER ? null : deps.configs.seal(id, config)
  const { syncSeconds = null, markup = null, lowBalance = null } = settings
  const agreed = { limits, syncSeconds, markup, lowBalance: lowBalance?.amount ?? null, lowBalanceCurrency: lowBalance?.currency ?? null }
  const { webhookSecret, ...supplier } = await deps.db.tx(async tx => {
    const inserted = await insertSupplier(tx, { id, name, adapter, configSealed, ...agreed })
    if (adapter !== PUSH_ADAPTER) await openSync(tx, id)
    return { ...inserted, webhookSecret: await deps.signingSecrets.issue(tx, id, 0) }
  })
  return { supplier, webhookSecret }
}

/** An adapter reads its config when it connects, and says what is wrong with it. Throws: `validation_failed`. */
export function requireConfig({ findAdapter, outboundHttp }: SupplierWriteDeps, name: string, config: SupplierConfig): void {
  if (name === PUSH_ADAPTER) {
    if (Object.keys(config).length > 0) throw configNotTaken()
    return
  }
  const adapter = findAdapter(name)
  if (adapter === null) throw adapterUnknown()
  checkConfig(adapter, config)
  adapter.connect(config, outboundHttp)
  for (const [field, value] of Object.entries(config)) {
    if (typeof value === 'string' && /^https?:/i.test(value) && outboundHttp.refuses(value))
      throw invalid(`/config/${field}`, 'must lead to a public address')
  }
}
