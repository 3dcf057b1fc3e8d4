/** After the soak: the books of the suppliers against ours, one to one. */
import type pg from 'pg'
import type { Sale, SimCard } from '../../../src/suppliers/simulators/shop.ts'
import type { Shelf } from './market.ts'

interface Attempt {
  readonly supplier_id: string
  readonly reference: string
  readonly order_id: string
  readonly state: string
  readonly units: number
  readonly cards: number
  readonly is_top_up: boolean
}

interface Order {
  readonly id: string
  readonly state: string
  readonly quantity: number
  readonly delivered: number | null
  readonly unit_price: string
  readonly captured: string
  readonly released: string
}

export interface Report {
  readonly counts: Readonly<Record<string, number>>
  /** Empty: all is as it must be. */
  readonly faults: readonly string[]
}

const ATTEMPTS = `
  SELECT a.supplier_id, a.reference, a.order_id, a.state, p.kind = 'topup' AS is_top_up,
    coalesce(u.units, 0) AS units, coalesce(c.cards, 0) AS cards
  FROM supplier_attempt a JOIN orders o ON o.id = a.order_id JOIN sku s ON s.id = o.sku_id JOIN product p ON p.id = s.product_id
  LEFT JOIN (SELECT attempt_id, count(*) FILTER (WHERE state = 'delivered')::int AS units FROM supplier_attempt_unit GROUP BY 1) u ON u.attempt_id = a.id
  LEFT JOIN (SELECT batch_id, count(*)::int AS cards FROM card GROUP BY 1) c ON c.batch_id = a.id`

const ORDERS = `
  SELECT o.id, o.state, o.quantity, o.delivered, o.unit_price, coalesce(m.captured, 0)::text AS captured, coalesce(m.released, 0)::text AS released
  FROM orders o LEFT JOIN (
    SELECT t.subject_id, sum(e.amount) FILTER (WHERE t.kind = 'order.capture') AS captured, sum(e.amount) FILTER (WHERE t.kind = 'order.release') AS released
    FROM ledger_transfer t JOIN ledger_entry e ON e.transfer_id = t.id AND e.amount > 0 GROUP BY 1) m ON m.subject_id = o.id`

/** Money was taken for it. */
const isPaid = (sale: Sale): boolean => sale.state === 'done' || sale.state === 'pending'

export async function compareBooks(client: pg.Client, shelves: readonly Shelf[], delivered: ReadonlyMap<string, readonly string[]>): Promise<Report> {
  const faults: string[] = []
  const { rows: attempts } = await client.query<Attempt>(ATTEMPTS)
  const { rows: orders } = await client.query<Order>(ORDERS)
  const byReference = new Map(attempts.map(attempt => [`sup_${attempt.supplier_id}:${attempt.reference}`, attempt]))
  const sales = shelves.flatMap(({ supplierId, sim }) =>
    sim.shop.book.map(sale => ({ sale, attempt: byReference.get(`${supplierId}:${sale.reference}`) }))
  )
  checkSales(sales, faults)
  checkAttempts(attempts, sales, faults)
  checkOrders(orders, sales, faults)
  checkSecrets(sales, delivered, faults)
  return { counts: countAll(attempts, orders, sales), faults }
}

interface Pair {
  readonly sale: Sale
  readonly attempt: Attempt | undefined
}

const nameOf = ({ number, secret }: SimCard): string => `${number ?? ''}|${secret}`

/** Whatever was sold is known here, and its cards are here, each once. A card that was sold twice is with whoever brought it first. */
function checkSales(sales: readonly Pair[], faults: string[]): void {
  const times = new Map<string, number>()
  for (const { sale } of sales) for (const name of new Set(sale.cards.map(nameOf))) times.set(name, (times.get(name) ?? 0) + 1)
  let unique = 0
  let shared = 0
  let here = 0
  for (const { sale, attempt } of sales) {
    if (attempt === undefined) {
      faults.push(`${sale.reference} was sold, and nobody here knows of it`)
      continue
    }
    if (!isPaid(sale) || attempt.state === 'review' || attempt.is_top_up) continue
    const names = [...new Set(sale.cards.map(nameOf))]
    const own = names.filter(name => times.get(name) === 1).length
    if (attempt.cards < own || attempt.cards > names.length)
      faults.push(`${sale.reference} brought ${own} cards of its own, ${attempt.cards} are here`)
    if (attempt.state === 'failed' && own > 0) faults.push(`${sale.reference} was sold, and is taken for failed here`)
    unique += own
    shared += attempt.cards - own
    here += attempt.cards
  }
  const soldTwice = [...times.values()].filter(count => count > 1).length
  if (shared > soldTwice || here !== unique + shared) faults.push(`${soldTwice} cards were sold twice, ${shared} of them are here`)
}

/** Nothing is delivered here that nobody sold. */
function checkAttempts(attempts: readonly Attempt[], sales: readonly Pair[], faults: string[]): void {
  const sold = new Map(sales.map(({ sale, attempt }) => [attempt, sale]))
  for (const attempt of attempts) {
    const sale = sold.get(attempt)
    if (attempt.units > 0 && (sale === undefined || !isPaid(sale))) faults.push(`${attempt.reference} is ${attempt.state} here, and was not sold`)
    if (!['succeeded', 'partial', 'failed', 'orphan', 'review'].includes(attempt.state)) faults.push(`${attempt.reference} is still ${attempt.state}`)
  }
}

const CLOSED = ['fulfilled', 'partially_fulfilled', 'failed']

/** Never bought twice; charged for what came and for nothing else. */
function checkOrders(orders: readonly Order[], sales: readonly Pair[], faults: string[]): void {
  const bought = new Map<string, number>()
  for (const { sale, attempt } of sales) {
    if (attempt !== undefined && isPaid(sale)) bought.set(attempt.order_id, (bought.get(attempt.order_id) ?? 0) + sale.quantity)
  }
  for (const order of orders) {
    const { id, state, quantity, delivered, unit_price: price, captured, released } = order
    if ((bought.get(id) ?? 0) > quantity) faults.push(`${id} wants ${quantity}, and ${bought.get(id)} were bought`)
    if (!CLOSED.includes(state) && state !== 'review') faults.push(`${id} is still ${state}`)
    if (BigInt(captured) !== BigInt(price) * BigInt(delivered ?? 0)) faults.push(`${id} has ${delivered} units and paid ${captured}`)
    const owed = CLOSED.includes(state) ? BigInt(price) * BigInt(quantity - (delivered ?? 0)) : 0n
    if (BigInt(released) !== owed) faults.push(`${id} is ${state} with ${delivered} of ${quantity}, and ${released} was given back`)
  }
}

/** What resellers were shown is what suppliers sold for their orders, and nobody else was shown it. */
function checkSecrets(sales: readonly Pair[], delivered: ReadonlyMap<string, readonly string[]>, faults: string[]): void {
  const soldFor = new Map<string, Set<string>>()
  for (const { sale, attempt } of sales) {
    for (const { secret } of sale.cards) soldFor.set(secret, (soldFor.get(secret) ?? new Set()).add(attempt?.order_id ?? ''))
  }
  const shown = new Set<string>()
  for (const [orderId, secrets] of delivered) {
    for (const secret of secrets) {
      if (soldFor.get(secret)?.has(orderId) !== true) faults.push(`${orderId} was shown a card that was not sold for it`)
      if (shown.has(secret)) faults.push(`a card was shown to two orders, the second is ${orderId}`)
      shown.add(secret)
    }
  }
}

function countAll(attempts: readonly Attempt[], orders: readonly Order[], sales: readonly Pair[]): Record<string, number> {
  const counts: Record<string, number> = { sales: sales.filter(({ sale }) => isPaid(sale)).length, attempts: attempts.length, orders: orders.length }
  for (const { state } of attempts) counts[`attempts ${state}`] = (counts[`attempts ${state}`] ?? 0) + 1
  for (const { state } of orders) counts[`orders ${state}`] = (counts[`orders ${state}`] ?? 0) + 1
  counts['cards'] = attempts.reduce((sum, { cards }) => sum + cards, 0)
  return counts
}
