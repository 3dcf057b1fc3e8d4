/** Each delivered unit is captured from what the order holds; what will not come is released, once, when the order closes. */
import type { Tx } from '../../kit/db/index.ts'
import { lockAccounts } from '../../ledger/index.ts'
import { captureDraft, releaseDraft, type WalletDirectory } from '../../wallet/index.ts'
import type { Purchase } from './decide-purchase.ts'

/** Purchases use one revenue account: they are settled in batches, and own stock has the other fifteen. */
const REVENUE_SHARD = 14

interface Movement {
  readonly kind: 'capture' | 'release'
  readonly orderId: string
  readonly resellerId: string
  readonly currency: string
  readonly amount: bigint
  readonly step: number
}

/** `written` is started and not awaited: it may travel with the COMMIT. */
export async function movePurchaseMoney(
  wallets: WalletDirectory,
  tx: Tx,
  purchases: readonly Purchase[]
): Promise<{ readonly written: Promise<void> }> {
  const movements = purchases.flatMap(toMovements)
  if (movements.length === 0) return { written: Promise.resolve() }
  const placed = movements.map(movement => ({ movement, ...accountsOf(wallets, movement) }))
  const book = await lockAccounts(tx, [
    ...new Set(placed.flatMap(({ movement, wallet, revenue }) => [wallet.held, movement.kind === 'capture' ? revenue : wallet.wallet]))
  ])
  for (const { movement, wallet, revenue } of placed) {
    book.post(movement.kind === 'capture' ? captureDraft(movement, wallet, revenue) : releaseDraft(movement, wallet))
  }
  const written = book.write(tx)
  // If a statement before it fails, nobody waits for this one.
  written.catch(() => undefined)
  return { written }
}

/** Own stock fills an order once, before the first attempt. */
const OWN_STOCK_STEP = -1

/** An attempt delivers at most once, so its number names the capture. */
function toMovements({ order, applied, taken, decision }: Purchase): Movement[] {
  const { id: orderId, resellerId, currency, unitPrice } = order
  const captures = applied.map(({ attempt, deliveredUnits }) => ({
    kind: 'capture' as const,
    orderId,
    resellerId,
    currency,
    amount: unitPrice * BigInt(deliveredUnits),
    step: attempt.ordinal
  }))
  const own = { kind: 'capture' as const, orderId, resellerId, currency, amount: unitPrice * BigInt(taken), step: OWN_STOCK_STEP }
  const missing = decision?.isClosed === true ? order.quantity - decision.delivered : 0
  const release = { kind: 'release' as const, orderId, resellerId, currency, amount: unitPrice * BigInt(missing), step: 0 }
  return [own, ...captures, release].filter(({ amount }) => amount > 0n)
}

function accountsOf(wallets: WalletDirectory, { resellerId, currency }: Movement) {
  const wallet = wallets.find(resellerId, currency)
  const revenue = wallets.platform('revenue', currency, REVENUE_SHARD)
  if (wallet === undefined || revenue === undefined) throw new Error(`the accounts of a purchase in ${currency} are not loaded`)
  return { wallet, revenue }
}

/** Before the transaction, which then asks for nothing else. */
export async function loadAccounts(
  wallets: WalletDirectory,
  orders: readonly { readonly resellerId: string; readonly currency: string }[]
): Promise<void> {
  const currencies = new Set(orders.map(order => order.currency))
  await Promise.all([wallets.load(orders), ...[...currencies].map(currency => wallets.ensurePlatform(currency))])
}
