/** Own stock comes first: what there is of it fills the first units of orders that are about to be bought, the oldest order first. */
import { lockSkuRows, writeSkuRows } from '../../catalog/index.ts'
import { claimCards, issueCards } from '../../inventory/index.ts'
import type { Tx } from '../../kit/db/index.ts'
import type { PurchaseOrder } from './decide-purchase.ts'
import type { ReservedOrder } from './repository.ts'

export interface OwnStockTaken {
  readonly orders: readonly PurchaseOrder[]
  /** Units, by order. */
  readonly taken: ReadonlyMap<string, number>
  /** Stock that is left, by SKU. */
  readonly counters: ReadonlyMap<string, number>
}

/** `orders` are locked by this transaction, and nobody has been asked for them. Their money is captured by whoever settles them. */
export async function takeOwnStock(tx: Tx, orders: readonly ReservedOrder[]): Promise<OwnStockTaken> {
  const short = orders.filter(order => order.hasStock && !order.isTopUp)
  if (short.length === 0) return { orders, taken: new Map(), counters: new Map() }
  const wanted = new Map<string, number>()
  for (const { skuId, quantity } of short) wanted.set(skuId, (wanted.get(skuId) ?? 0) + quantity)
  const rows = await lockSkuRows(tx, [...wanted.keys()])
  const cards = await claimCards(tx, new Map([...wanted].map(([skuId, count]) => [skuId, Math.min(count, rows.get(skuId)?.available ?? 0)])))
  const taken = new Map<string, number>()
  const issues = short.flatMap(({ id, skuId, quantity }) => {
    const own = cards.get(skuId)?.splice(0, quantity) ?? []
    if (own.length > 0) taken.set(id, own.length)
    return own.map((card, position) => ({ cardId: card.id, orderId: id, position, reveal: null, skuId }))
  })
  const left = [...rows.values()].map(row => ({ ...row, available: row.available - issues.filter(({ skuId }) => skuId === row.skuId).length }))
  await Promise.all([issueCards(tx, issues), writeSkuRows(tx, left)])
  return {
    orders: orders.map(order => ({ ...order, fromStock: taken.get(order.id) ?? order.fromStock })),
    taken,
    counters: new Map(left.map(({ skuId, available }) => [skuId, available]))
  }
}
