/** Orders that wait for stock are bought from sources that have some, the oldest first; one that does not fit is not overtaken. */
import type { Db, Tx } from '../../kit/db/index.ts'
import { canBring, type FindAdapter, type Offer, readBuyableSources } from '../../suppliers/index.ts'
import type { ExistingOrder } from '../order.ts'
import { lockBackorders } from '../repository.ts'
import { toOffers } from './offers.ts'
import { readOwnStock, reserveOrders, skusToReserve } from './reserve-repository.ts'

export interface ReserveDeps {
  readonly db: Db
  readonly findAdapter: FindAdapter
  readonly buyer: { noteWork(): void }
}

/** One transaction looks at no more orders than this; the next run goes on. */
const ORDERS_PER_SKU = 100
const SKUS_PER_RUN = 50
/** An order that sources refused is not offered to them again before: what they say they have may not be true. */
const RETRY_AFTER_MS = 300_000

/** Returns how many orders will be bought. */
export async function reserveBackorders({ db, findAdapter, buyer }: ReserveDeps): Promise<number> {
  let reserved = 0
  // One SKU after the other: this runs beside orders and must not take their connections.
  for (const skuId of await skusToReserve(db, SKUS_PER_RUN)) reserved += await db.tx(tx => reserveOf(tx, findAdapter, skuId))
  if (reserved > 0) buyer.noteWork()
  return reserved
}

async function reserveOf(tx: Tx, findAdapter: FindAdapter, skuId: string): Promise<number> {
  const offers = toOffers(findAdapter, await readBuyableSources(tx, [skuId])).get(skuId) ?? []
  const orders = await lockBackorders(tx, skuId, ORDERS_PER_SKU)
  const fitting = fittingOrders(orders, offers, await readOwnStock(tx, skuId))
  return await reserveOrders(
    tx,
    fitting.map(({ id }) => id),
    RETRY_AFTER_MS
  )
}

/** Own stock counts first. Orders that it fills alone are left to it. */
function fittingOrders(orders: readonly ExistingOrder[], offers: readonly Offer[], ownStock: number): ExistingOrder[] {
  let [own, used] = [ownStock, 0]
  const fitting: ExistingOrder[] = []
  for (const order of orders) {
    if (own >= order.quantity) break
    // Backorders are of cards; what a source does not say that it has is no reason to try.
    const possible = offers.filter(offer => offer.available !== null && canBring(offer, { unitPrice: order.unitPrice, topUp: false }))
    const supply = possible.reduce((sum, { available }) => sum + (available ?? 0), -used)
    const missing = order.quantity - own
    if (supply < missing) break
    own = 0
    used += missing
    fitting.push(order)
  }
  return fitting
}
