/** What must be true when all has settled: of the tables, and of what clients were told. */
import type { CardRow, OrderRow, Store } from './model/tables.ts'

export interface Told {
  readonly resellerId: string
  readonly key: string
  readonly body: string
  readonly orderId: string
  readonly state: string
  readonly unitPrice: bigint
  readonly quantity: number
  /** Null: the answer shows none. */
  readonly cards: readonly string[] | null
}

export interface Refused {
  readonly resellerId: string
  readonly key: string
  readonly body: string
  readonly code: string
}

export interface History {
  readonly told: readonly Told[]
  readonly refused: readonly Refused[]
  /** Cards that were brought, by SKU. */
  readonly brought: ReadonlyMap<string, number>
}

class Broken extends Error {}

const must = (holds: boolean, what: string): void => {
  if (!holds) throw new Broken(what)
}

export function checkAll(store: Store, history: History): void {
  checkLedger(store)
  checkCards(store, history)
  checkOrders(store)
  checkEvents(store)
  checkHistory(store, history)
}

function checkLedger(store: Store): void {
  const byAccount = Map.groupBy(store.entries.committed(), entry => entry.account_id)
  let total = 0n
  for (const account of store.accounts.committed()) {
    total += account.balance
    must(account.credit_limit === null || account.balance + account.credit_limit >= 0n, `account ${account.id} is below its limit`)
    const entries = (byAccount.get(account.id) ?? []).sort((a, b) => Number(a.account_version - b.account_version))
    let balance = 0n
    for (const [index, entry] of entries.entries()) {
      balance += entry.amount
      must(
        entry.account_version === BigInt(index + 1) && entry.balance_after === balance,
        `the history of account ${account.id} has a gap at ${index + 1}`
      )
    }
    must(balance === account.balance && account.version === BigInt(entries.length), `account ${account.id} is not the sum of its entries`)
  }
  must(total === 0n, `the ledger sums to ${total}`)
}

function checkCards(store: Store, { brought }: History): void {
  const bySku = Map.groupBy(store.cards.committed(), card => card.sku_id)
  for (const fence of store.fences.committed()) {
    const cards = bySku.get(fence.sku_id) ?? []
    const forSale = cards.filter(card => card.state === 'available').length
    must(fence.available === forSale, `the counter of ${fence.sku_id} says ${fence.available} of ${forSale}`)
    must(cards.length === (brought.get(fence.sku_id) ?? 0), `${cards.length} cards of ${fence.sku_id}, and ${brought.get(fence.sku_id)} were brought`)
  }
  const shown = new Set<string>()
  for (const reveal of store.reveals.committed()) {
    shown.add(reveal.card_id)
    must(store.cards.read(reveal.card_id, null)?.order_id === reveal.order_id, `a reveal of card ${reveal.card_id} for another order`)
  }
  for (const card of store.cards.committed()) must(card.state !== 'revealed' || shown.has(card.id), `card ${card.id} was shown and not logged`)
}

function checkOrders(store: Store): void {
  const cards = Map.groupBy(store.cards.committed(), card => card.order_id)
  const money = moneyByOrder(store)
  for (const order of store.orders.committed()) {
    checkCardsOf(order, cards.get(order.id) ?? [])
    const { held, paid } = money.get(order.id) ?? { held: 0n, paid: 0n }
    money.delete(order.id)
    const total = BigInt(order.total)
    if (order.state === 'fulfilled') must(held === 0n && paid === total, `order ${order.id} is fulfilled: ${paid} of ${total} paid, ${held} held`)
    else if (order.state === 'cancelled') must(held === 0n && paid === 0n, `order ${order.id} is cancelled: ${paid} paid, ${held} held`)
    else must(held === total && paid === 0n, `order ${order.id} is ${order.state}: ${held} of ${total} held, ${paid} paid`)
  }
  must(money.size === 0, 'money moved for an order that is not there')
}

function checkCardsOf(order: OrderRow, cards: readonly CardRow[]): void {
  must(cards.length === (order.state === 'fulfilled' ? order.quantity : 0), `order ${order.id} is ${order.state} and has ${cards.length} cards`)
  must(new Set(cards.map(card => card.position)).size === cards.length, `order ${order.id} has two cards at one place`)
  must(
    cards.every(card => card.sku_id === order.sku_id),
    `order ${order.id} has a card of another SKU`
  )
}

function moneyByOrder(store: Store): Map<string, { held: bigint; paid: bigint }> {
  const money = new Map<string, { held: bigint; paid: bigint }>()
  for (const entry of store.entries.committed()) {
    const transfer = store.transfers.read(entry.transfer_id, null)
    if (transfer === undefined || !transfer.kind.startsWith('order.')) continue
    const kind = store.accounts.read(entry.account_id, null)?.kind
    const of = money.get(transfer.subject_id) ?? { held: 0n, paid: 0n }
    if (kind === 'wallet_held') of.held += entry.amount
    if (kind === 'revenue') of.paid += entry.amount
    money.set(transfer.subject_id, of)
  }
  return money
}

const ANNOUNCED: Readonly<Record<string, string>> = { fulfilled: 'order.fulfilled', cancelled: 'order.cancelled' }

function checkEvents(store: Store): void {
  const events = Map.groupBy(store.outbox.committed(), event => `${event.subject_id} ${event.type}`)
  for (const [what, each] of events) must(each.length === 1, `told ${each.length} times: ${what}`)
  for (const order of store.orders.committed()) {
    const type = ANNOUNCED[order.state]
    if (type !== undefined) must(events.has(`${order.id} ${type}`), `${order.id} is ${order.state}, and nobody was told`)
    for (const each of Object.values(ANNOUNCED))
      if (each !== type) must(!events.has(`${order.id} ${each}`), `${order.id} is ${order.state}, and ${each} was told`)
  }
}

function checkHistory(store: Store, { told, refused }: History): void {
  const orderOf = new Map<string, Told>()
  const ownerOf = new Map<string, string>()
  for (const each of told) {
    const key = `${each.resellerId}:${each.key}`
    const first = orderOf.get(key)
    must(
      first === undefined || (first.orderId === each.orderId && first.body === each.body),
      `key ${each.key} made two orders, or one of another content`
    )
    orderOf.set(key, first ?? each)
    const order = store.orders.read(each.orderId, null)
    must(order !== undefined, `order ${each.orderId} was answered, and is lost`)
    must(order?.quantity === each.quantity && BigInt(order.unit_price) === each.unitPrice, `order ${each.orderId} is not what was answered`)
    must(each.state !== 'fulfilled' || order?.state === 'fulfilled', `order ${each.orderId} was fulfilled, and is ${order?.state}`)
    if (each.state === 'fulfilled' && each.cards !== null) checkTold(store, each, ownerOf)
  }
  const contested = new Set(refused.filter(each => each.code === 'idempotency_key_reused').map(each => `${each.resellerId}:${each.key}`))
  for (const each of refused) {
    // A key that is used for two things at once is told so, even to the one that comes to be.
    if (contested.has(`${each.resellerId}:${each.key}`)) continue
    const made = store.orders.find(0, `${each.resellerId}:${each.key}`, null)
    must(
      made === undefined || orderOf.has(`${each.resellerId}:${each.key}`),
      `key ${each.key} was refused for good (${each.code}), and made an order`
    )
  }
}

function checkTold(store: Store, { orderId, cards, quantity }: Told, ownerOf: Map<string, string>): void {
  must(cards?.length === quantity, `order ${orderId} was answered with ${cards?.length} of ${quantity} cards`)
  for (const card of cards ?? []) {
    must(store.cards.read(card, null)?.order_id === orderId, `card ${card} was shown for order ${orderId}, and is not its own`)
    must((ownerOf.get(card) ?? orderId) === orderId, `card ${card} was shown for two orders`)
    ownerOf.set(card, orderId)
  }
}
