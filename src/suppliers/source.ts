/** Where a SKU can be bought, and whom to ask first. Pure. */
import { type CostLimits, highestCost } from '../catalog/index.ts'
import type { Amount } from '../kit/money.ts'
import type { SupplierAdapter } from './contract.ts'

export interface Source {
  readonly skuId: string
  readonly supplierId: string
  /** The supplier's own name of the product. */
  readonly productCode: string
  /** In the currency of the SKU. */
  readonly unitCost: Amount
  /** The lowest is asked first. */
  readonly priority: number
  readonly enabled: boolean
}

/** A source with what its supplier said of it. */
export interface KnownSource extends Source {
  /** Null: unknown. */
  readonly available: number | null
  /** False: the supplier says that it does not sell it now. */
  readonly onSale: boolean
  /** Null: it never said anything. */
  readonly seenAt: Date | null
}

/** A source with what its adapter can do, and what may be paid there. */
export interface Offer extends Source, CostLimits {
  readonly adapter: SupplierAdapter
  readonly available: number | null
}

/** How a supplier did lately. */
export interface Measure {
  /** Of 1. */
  readonly success: number
  readonly latencyMs: number
}

export const sourceKey = ({ supplierId, productCode }: Pick<Source, 'supplierId' | 'productCode'>): string => `${supplierId}:${productCode}`

export interface Need {
  readonly unitPrice: Amount
  readonly topUp: boolean
}

export interface Wish extends Need {
  /** `sourceKey`s that have refused this order. */
  readonly tried: ReadonlySet<string>
  /** False: its circuit is open. It is asked only when nobody else can be. */
  readonly isHealthy: (supplierId: string) => boolean
  readonly measureOf: (supplierId: string) => Measure
}

/** Can it bring anything at this price? */
export function canBring({ unitCost, available, adapter, ...limits }: Offer, { unitPrice, topUp }: Need): boolean {
  const { topUps, cards } = adapter.capabilities
  return unitCost <= highestCost(limits, unitPrice) && available !== 0 && (topUp ? topUps : cards)
}

/** Whom to ask for this order; null: nobody is left. */
export function chooseOffer(offers: readonly Offer[], wish: Wish): Offer | null {
  const possible = offers.filter(offer => canBring(offer, wish) && !wish.tried.has(sourceKey(offer)))
  const [best] = possible.toSorted((a, b) => rank(a, b, wish))
  return best ?? null
}

/** Suppliers whose success differs by less are equally good: chance alone moves it as much. */
const SUCCESS_STEP = 0.05

function rank(a: Offer, b: Offer, { isHealthy, measureOf }: Wish): number {
  const health = Number(isHealthy(b.supplierId)) - Number(isHealthy(a.supplierId))
  if (health !== 0) return health
  if (a.priority !== b.priority) return a.priority - b.priority
  if (a.unitCost !== b.unitCost) return a.unitCost < b.unitCost ? -1 : 1
  const [one, other] = [measureOf(a.supplierId), measureOf(b.supplierId)]
  const success = Math.round(other.success / SUCCESS_STEP) - Math.round(one.success / SUCCESS_STEP)
  if (success !== 0) return success
  if (one.latencyMs !== other.latencyMs) return one.latencyMs - other.latencyMs
  return sourceKey(a) < sourceKey(b) ? -1 : 1
}
