/** Gives stock that came to the orders that wait for it, oldest first; an order that does not fit is not overtaken. */
import { lockSkuRows, writeSkuRows } from '../catalog/index.ts'
import { claimCards, issueCards, type StoredCard } from '../inventory/index.ts'
import type { Db, Tx } from '../kit/db/index.ts'
import { failpoint } from '../kit/failpoint.ts'
import { publish } from '../kit/outbox.ts'
import { lockAccounts } from '../ledger/index.ts'
import { captureDraft, type WalletDirectory } from '../wallet/index.ts'
import { orderEvent } from './events.ts'
import type { ExistingOrder } from './order.ts'
import { lockBackorders, moveOrders, readBackorders, skusToFill } from './repository.ts'

export interface FillDeps {
  readonly db: Db
  readonly wallets: WalletDirectory
  readonly noteStock: (skuId: string, available: number) => void
}

/** One transaction fills no more orders than this; the next run goes on. */
const ORDERS_PER_FILL = 100
const SKUS_PER_RUN = 50
/** All fills use the last revenue account: they are rare, and orders are spread over the others too. */
const REVENUE_SHARD = 15

/** Returns how many orders were filled. */
export async function fillBackorders(deps: FillDeps): Promise<number> {
  const skuIds = await skusToFill(deps.db, SKUS_PER_RUN)
  let filled = 0
  // One SKU after the other: this runs beside orders and must not take their connections.
  for (const skuId of skuIds) filled += await fillSku(deps, skuId)
  return filled
}

async function fillSku(deps: FillDeps, skuId: string): Promise<number> {
  await loadAccounts(deps, await readBackorders(deps.db, skuId, ORDERS_PER_FILL))
  const done = await deps.db.tx(async tx => {
    const row = (await lockSkuRows(tx, [skuId])).get(skuId)
    if (row === undefined) return { filled: 0, available: 0 }
    const waiting = await lockBackorders(tx, skuId, ORDERS_PER_FILL)
    const fitting = fittingOrders(waiting, row.available)
    const wanted = fitting.reduce((sum, order) => sum + order.quantity, 0)
    const claimed = (await claimCards(tx, wanted === 0 ? new Map() : new Map([[skuId, wanted]]))).get(skuId) ?? []
    const orders = fittingOrders(fitting, claimed.length)
    await capture(deps, tx, orders, claimed)
    if (orders.length > 0) failpoint('backorder.filling')
    const available = row.available - orders.reduce((sum, order) => sum + order.quantity, 0)
    await writeSkuRows(tx, [{ ...row, available }])
    return { filled: orders.length, available }
  })
  if (done.filled > 0) failpoint('backorder.filled')
  deps.noteStock(skuId, done.available)
  return done.filled
}

/** Before the transaction, which then asks for nothing else; an order that came in between waits for the next run. */
async function loadAccounts({ wallets }: FillDeps, orders: readonly ExistingOrder[]): Promise<void> {
  const currencies = new Set(orders.map(order => order.currency))
  await Promise.all([wallets.load(orders), ...[...currencies].map(currency => wallets.ensurePlatform(currency))])
}

function fittingOrders(orders: readonly ExistingOrder[], cards: number): ExistingOrder[] {
  let left = cards
  const end = orders.findIndex(order => {
    left -= order.quantity
    return left < 0
  })
  return end === -1 ? [...orders] : orders.slice(0, end)
}

async function capture(deps: FillDeps, tx: Tx, orders: readonly ExistingOrder[], cards: StoredCard[]): Promise<void> {
  if (orders.length === 0) return
  const paid = orders
    .filter(order => order.total > 0n)
    .map(order => {
      const wallet = deps.wallets.find(order.resellerId, order.currency)
      const revenue = deps.wallets.platform('revenue', order.currency, REVENUE_SHARD)
      if (wallet === undefined || revenue === undefined) throw new Error(`order ${order.id} has no accounts`)
      return { order, wallet, revenue }
    })
  const book = await lockAccounts(tx, [...new Set(paid.flatMap(({ wallet, revenue }) => [wallet.held, revenue]))])
  for (const { order, wallet, revenue } of paid) {
    book.post(captureDraft({ orderId: order.id, currency: order.currency, amount: order.total }, wallet, revenue))
  }
  let next = 0
  const issues = orders.flatMap(order =>
    Array.from({ length: order.quantity }, (_, position) => ({
      cardId: cards[next++]?.id ?? '',
      orderId: order.id,
      position,
      reveal: null
    }))
  )
  await Promise.all([
    book.write(tx),
    issueCards(tx, issues),
    moveOrders(
      tx,
      orders.map(order => order.id),
      'backordered',
      'fulfilled'
    ),
    publish(
      tx,
      orders.map(order => orderEvent('order.fulfilled', order))
    )
  ])
}
