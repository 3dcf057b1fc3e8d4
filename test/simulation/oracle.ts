/** What must be true when all has settled: of the tables, and of what clients were told. */
import { fingerprintOf } from '../../src/inventory/card-cipher.ts'
import type { ModelSupplier, Sale } from './model/suppliers.ts'
import type { AttemptRow, CardRow, OrderRow, Store } from './model/tables.ts'
import { SEAL_KEYS } from './process.ts'

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

export function checkAll(store: Store, history: History, suppliers: readonly ModelSupplier[]): void {
  checkLedger(store)
  checkCards(store, history)
  checkOrders(store)
  checkPurchases(store, suppliers)
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
    const bought = cards.filter(card => store.attempts.cells.has(card.batch_id)).length
    const forSale = cards.filter(card => card.state === 'available').length
    must(fence.available === forSale, `the counter of ${fence.sku_id} says ${fence.available} of ${forSale}`)
    must(
      cards.length - bought === (brought.get(fence.sku_id) ?? 0),
      `${cards.length} cards of ${fence.sku_id}, ${bought} bought, and ${brought.get(fence.sku_id)} were brought`
    )
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
    const due = BigInt(order.unit_price) * BigInt(deliveredOf(order))
    const open = OPEN.has(order.state) ? total - due : 0n
    must(held === open && paid === due, `order ${order.id} is ${order.state}: ${paid} of ${due} paid, ${held} of ${open} held`)
  }
  must(money.size === 0, 'money moved for an order that is not there')
}

const OPEN = new Set(['backordered', 'reserved', 'submitting', 'submitted', 'uncertain', 'review'])

/** Units that the buyer has. */
const deliveredOf = ({ state, quantity, delivered }: OrderRow): number => (state === 'fulfilled' ? quantity : (delivered ?? 0))

function checkCardsOf(order: OrderRow, cards: readonly CardRow[]): void {
  must(cards.length === deliveredOf(order), `order ${order.id} is ${order.state} and has ${cards.length} cards`)
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

/** The suppliers' own books against ours. */
function checkPurchases(store: Store, suppliers: readonly ModelSupplier[]): void {
  const recognised = new Set([...store.fingerprints.committed()].map(({ card_id }) => card_id))
  for (const { id, batch_id } of store.cards.committed())
    must(!store.attempts.cells.has(batch_id) || recognised.has(id), `card ${id} was sold before, and is delivered again`)
  const sold = new Map<string, string>()
  const attempts = new Map([...store.attempts.committed()].map(row => [`${row.supplier_id}:${row.reference}`, row]))
  for (const { id, book } of suppliers) {
    for (const sale of book.values()) {
      const attempt = attempts.get(`${id}:${sale.reference}`)
      if (attempt === undefined) throw new Broken(`${sale.reference} was bought, and nobody knows of it`)
      if (sale.state !== 'failed') checkSale(store, { attempt, sale, sold })
    }
  }
  for (const [name, { state }] of attempts) {
    const [supplierId = '', reference = ''] = name.split(':')
    const sale = suppliers.find(({ id }) => id === supplierId)?.book.get(reference)
    const isBought = ['succeeded', 'partial', 'orphan'].includes(state)
    must(!isBought || sale?.state === 'sold', `${reference} is ${state}, and was never sold`)
  }
}

interface Sold {
  readonly attempt: AttemptRow
  readonly sale: Sale
  /** Which purchase brought each unit. */
  readonly sold: Map<string, string>
}

function checkSale(store: Store, { attempt, sale, sold }: Sold): void {
  for (const { committed: unit } of (store.unitsOf.get(attempt.id) ?? []).map(cell => ({ committed: cell.value }))) {
    const name = `${unit?.order_id}:${unit?.position}`
    must(!sold.has(name), `unit ${name} was bought as ${sold.get(name)} and as ${sale.reference}`)
    sold.set(name, sale.reference)
  }
  // A person has it.
  if (attempt.state === 'review') return
  must(attempt.ended_at !== null, `${sale.reference} was sold, and is still ${attempt.state}`)
  for (const secret of sale.cards) {
    const known = store.fingerprints.read(fingerprintOf(SEAL_KEYS, { number: null, secret }).toString('hex'), null)
    must(known !== undefined && store.cards.read(known.card_id, null) !== undefined, `a card of ${sale.reference} was paid, and is lost`)
  }
}

const ANNOUNCED: Readonly<Record<string, string>> = {
  fulfilled: 'order.fulfilled',
  cancelled: 'order.cancelled',
  partially_fulfilled: 'order.partially_fulfilled',
  failed: 'order.failed'
}
const FINAL = new Set(Object.values(ANNOUNCED))

function checkEvents(store: Store): void {
  const events = Map.groupBy(store.outbox.committed(), event => `${event.subject_id} ${event.type}`)
  for (const [what, each] of events) must(each.length === 1 || !FINAL.has(each[0]?.type ?? ''), `told ${each.length} times: ${what}`)
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
