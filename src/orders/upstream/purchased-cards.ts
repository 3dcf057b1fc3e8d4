/** Which rows the cards of a settlement become, and what they add to the stock. Pure. */
import type { PurchasedCard } from '../../inventory/index.ts'
import type { Purchase } from './decide-purchase.ts'

export const toPurchasedCards = (purchases: readonly Purchase[]): PurchasedCard[] =>
  purchases.flatMap(({ order, applied }) =>
    applied.flatMap(({ attempt, issued, spare }) => {
      const { id, supplierId, unitCost } = attempt
      const batch = { id, skuId: order.skuId, supplierId, unitCost, currency: order.currency }
      return [
        ...issued.map(({ card, position }) => ({ card, batch, issue: { orderId: order.id, position }, spareState: 'quarantined' as const })),
        ...spare.map(({ card, state }) => ({ card, batch, issue: null, spareState: state }))
      ]
    })
  )

export function stockDeltas(purchases: readonly Purchase[]): { skuId: string; delta: number }[] {
  const stocked = purchases.flatMap(({ order, applied }) =>
    applied.flatMap(({ spare }) => spare.filter(({ state }) => state === 'available').map(() => order.skuId))
  )
  return [...Map.groupBy(stocked, skuId => skuId)].map(([skuId, cards]) => ({ skuId, delta: cards.length }))
}
