/** The mapping between domain and wire. */
import type { Static } from 'typebox'
import { invalid } from '../kit/errors.ts'
import { parseId, toApiId } from '../kit/ids.ts'
import { type Amount, type Currency, fromMoneyText, toMoneyText } from '../kit/money.ts'
import { type CallbackUrlOf, callbackPath } from './callback-url.ts'
import { shownConfig } from './check-config.ts'
import type { ConfigVault } from './config-vault.ts'
import { type Markup, ROUND_TO_DEFAULT, type Sourcing } from './markup.ts'
import type { SourcingDraft } from './put-sourcing.ts'
import type { SourceDraft } from './replace-sources.ts'
import type { ReplaceSources, SkuSourceSchema, SupplierSchema, UpdateSupplier } from './schemas.ts'
import type { KnownSource } from './source.ts'
import type { MarkupSchema, PutSkuSourcing, SkuSourcingSchema } from './sourcing-schemas.ts'
import { type FindAdapter, type StoredSupplier, type SupplierSettings, SYNC_SECONDS_DEFAULT } from './supplier.ts'
import { NEVER_SYNCED, type SyncState } from './sync/sync-state.ts'

/** Asked after the others unless it says otherwise. */
const PRIORITY_DEFAULT = 100

export function toApiSupplier(
  deps: { configs: ConfigVault; findAdapter: FindAdapter; callbackUrlOf: CallbackUrlOf },
  supplier: StoredSupplier,
  sync: SyncState = NEVER_SYNCED
): Static<typeof SupplierSchema> {
  const { id, name, adapter, limits, state, createdAt, updatedAt, configSealed, syncSeconds, markup, lowBalance, lowBalanceCurrency } = supplier
  const { balance, syncedAt, detail } = sync
  const known = deps.findAdapter(adapter)
  return {
    id: toApiId('supplier', id),
    name,
    adapter,
    config: shownConfig(known, deps.configs.open(id, configSealed)),
    callbackUrl: known?.capabilities.callback === true ? (deps.callbackUrlOf(id) ?? callbackPath(id)) : null,
    limits,
    state,
    syncSeconds: syncSeconds ?? SYNC_SECONDS_DEFAULT,
    markup: markup === null ? null : toApiMarkup(markup),
    lowBalance: lowBalance === null || lowBalanceCurrency === null ? null : toMoneyText(lowBalance, lowBalanceCurrency),
    balance: balance === null ? null : toMoneyText(balance.amount, balance.currency),
    balanceAt: balance === null ? null : balance.at.toISOString(),
    balanceLow: balance?.isLow === true,
    syncedAt: syncedAt?.toISOString() ?? null,
    syncProblem: detail,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString()
  }
}

/** Absent fields stay absent. */
export const fromApiSettings = ({
  syncSeconds,
  markup,
  lowBalance
}: Pick<Static<typeof UpdateSupplier>, keyof SupplierSettings>): Partial<SupplierSettings> => ({
  ...(syncSeconds === undefined ? {} : { syncSeconds }),
  ...(markup === undefined ? {} : { markup: markup === null ? null : fromApiMarkup(markup) }),
  ...(lowBalance === undefined ? {} : { lowBalance: lowBalance === null ? null : fromMoneyText(lowBalance, '/lowBalance') })
})

const PERCENT_DIGITS = 2

function toApiMarkup({ percent, fixed, roundTo, minimum, currency }: Markup): Static<typeof MarkupSchema> {
  return {
    percent: (percent / 10 ** PERCENT_DIGITS).toString(),
    ...(currency === null
      ? {}
      : { fixed: toMoneyText(fixed, currency), roundTo: toMoneyText(roundTo, currency), minimum: toMoneyText(minimum, currency) })
  }
}

/** Throws: `validation_failed`. */
function fromApiMarkup({ percent, fixed, roundTo, minimum }: Static<typeof MarkupSchema>): Markup {
  const amounts = { fixed, roundTo, minimum }
  const given = Object.entries(amounts).flatMap(([name, money]) => (money === undefined ? [] : [{ name, currency: money.currency }]))
  const currency = given[0]?.currency ?? null
  const other = given.find(each => each.currency !== currency)
  if (other !== undefined) throw invalid(`/markup/${other.name}/currency`, 'must be the currency of the other amounts')
  const amountOf = (name: keyof typeof amounts, fallback: Amount): Amount => {
    const money = amounts[name]
    return money === undefined ? fallback : fromMoneyText(money, `/markup/${name}`).amount
  }
  const step = amountOf('roundTo', ROUND_TO_DEFAULT)
  if (step === 0n) throw invalid('/markup/roundTo/amount', 'must be above zero')
  const [whole = '0', fraction = ''] = percent.split('.')
  return {
    percent: Number(whole + fraction.padEnd(PERCENT_DIGITS, '0')),
    fixed: amountOf('fixed', 0n),
    roundTo: step,
    minimum: amountOf('minimum', 0n),
    currency
  }
}

export const toApiSourcing = ({ pricing, markup, marginFloor, maxCost }: Sourcing, currency: Currency): Static<typeof SkuSourcingSchema> => ({
  pricing,
  markup: markup === null ? null : toApiMarkup(markup),
  marginFloor: toMoneyText(marginFloor, currency),
  maxCost: maxCost === null ? null : toMoneyText(maxCost, currency)
})

/** Throws: `validation_failed`. */
export const fromApiSourcing = ({
  pricing = 'supplier',
  markup = null,
  marginFloor,
  maxCost = null
}: Static<typeof PutSkuSourcing>): SourcingDraft => ({
  pricing,
  markup: markup === null ? null : fromApiMarkup(markup),
  marginFloor: marginFloor === undefined ? null : fromMoneyText(marginFloor, '/marginFloor'),
  maxCost: maxCost === null ? null : fromMoneyText(maxCost, '/maxCost')
})

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

export const toApiSource = (source: KnownSource, currency: string): Static<typeof SkuSourceSchema> => ({
  supplierId: toApiId('supplier', source.supplierId),
  productCode: source.productCode,
  unitCost: toMoneyText(source.unitCost, currency),
  priority: source.priority,
  enabled: source.enabled,
  available: source.available,
  onSale: source.onSale,
  seenAt: source.seenAt?.toISOString() ?? null
})
