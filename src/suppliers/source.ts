/** Where a SKU can be bought, and whom to ask first. Pure. */
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

/** A source with what its adapter can do. */
export interface Offer extends Source {
  readonly adapter: SupplierAdapter
}

/** What must be left of the price of a unit. Below zero, each such order would cost the hub money. */
const MARGIN_FLOOR: Amount = 0n

/** The most that a unit sold at this price may cost. */
export const highestCost = (unitPrice: Amount): Amount => unitPrice - MARGIN_FLOOR

export const sourceKey = ({ supplierId, productCode }: Pick<Source, 'supplierId' | 'productCode'>): string => `${supplierId}:${productCode}`

export interface Wish {
  readonly unitPrice: Amount
  readonly topUp: boolean
  /** `sourceKey`s that have refused this order. */
  readonly tried: ReadonlySet<string>
  /** False: its circuit is open. It is asked only when nobody else can be. */
  readonly isHealthy: (supplierId: string) => boolean
}

/** Whom to ask for this order; null: nobody is left. */
export function chooseOffer(offers: readonly Offer[], wish: Wish): Offer | null {
  const possible = offers.filter(
    offer =>
      offer.unitCost <= highestCost(wish.unitPrice) &&
      !wish.tried.has(sourceKey(offer)) &&
      (wish.topUp ? offer.adapter.capabilities.topUps : offer.adapter.capabilities.cards)
  )
  const [best] = possible.toSorted((a, b) => rank(a, b, wish))
  return best ?? null
}

function rank(a: Offer, b: Offer, { isHealthy }: Wish): number {
  const health = Number(isHealthy(b.supplierId)) - Number(isHealthy(a.supplierId))
  if (health !== 0) return health
  if (a.priority !== b.priority) return a.priority - b.priority
  if (a.unitCost !== b.unitCost) return a.unitCost < b.unitCost ? -1 : 1
  return sourceKey(a) < sourceKey(b) ? -1 : 1
}
