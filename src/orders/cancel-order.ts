import type { Db } from '../kit/db/index.ts'
import { DomainError, notFound } from '../kit/errors.ts'
import { failpoint } from '../kit/failpoint.ts'
import { once } from '../kit/idempotency.ts'
import { publish } from '../kit/outbox.ts'
import { lockAccounts } from '../ledger/index.ts'
import { releaseDraft, type WalletDirectory } from '../wallet/index.ts'
import { orderEvent } from './events.ts'
import type { ExistingOrder } from './order.ts'
import { lockOrder, moveOrders, readOrder } from './repository.ts'
import { isCancellable } from './states.ts'

export interface CancelOrder {
  readonly orderId: string
  readonly resellerId: string
  readonly key: string
  readonly hash: Buffer
}

/**
 * Cancels an order that waits for stock, or that no supplier was asked for yet, and releases its money, in one transaction.
 * Throws: `not_found`, `state_conflict`, `idempotency_key_reused`, `request_in_progress`.
 */
export async function cancelOrder(
  deps: { db: Db; wallets: WalletDirectory },
  input: CancelOrder
): Promise<{ order: ExistingOrder; replayed: boolean }> {
  const { orderId, resellerId, key, hash } = input
  const before = await readOrder(deps.db, orderId, resellerId)
  if (before === null) throw notFound('order')
  await deps.wallets.load([{ resellerId, currency: before.currency }])
  const { replayed } = await once(deps.db, { ownerId: resellerId, key, hash }, async tx => {
    const order = await lockOrder(tx, orderId, resellerId)
    if (order === null) throw notFound('order')
    if (!isCancellable(order.state)) throw new DomainError('state_conflict', `An order that is ${order.state} cannot be cancelled.`)
    const wallet = deps.wallets.find(resellerId, order.currency)
    if (wallet !== undefined && order.total > 0n) {
      const book = await lockAccounts(tx, [wallet.wallet, wallet.held])
      book.post(releaseDraft({ orderId, currency: order.currency, amount: order.total }, wallet))
      await book.write(tx)
    }
    failpoint('cancel.released')
    await moveOrders(tx, [orderId], order.state, 'cancelled')
    await publish(tx, [orderEvent('order.cancelled', order)])
    return {}
  })
  const order = await readOrder(deps.db, orderId, resellerId)
  if (order === null) throw notFound('order')
  return { order, replayed }
}
