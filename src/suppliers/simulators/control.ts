/** `/__sim/…`: reads the book of a running simulator and changes its faults, shelves and balance. Not part of any protocol. */
import { randomBytes } from 'node:crypto'
import { type FaultPlan, isFault, type Operation } from './faults.ts'
import { amountOf, json, readBody, type SimReply, type SimRequest, textOf } from './protocol.ts'
import type { Sale, Shop } from './shop.ts'

interface Controlled {
  readonly shop: Shop
  readonly plan: FaultPlan
  settle(reference: string): Sale
}

export interface Control {
  /** Sent as `x-sim-token`. */
  readonly token: string
  answer(request: SimRequest): SimReply
}

export function createControl(controlled: Controlled): Control {
  const token = randomBytes(16).toString('hex')
  return {
    token,
    answer: request => (request.headers['x-sim-token'] === token ? handle(controlled, request) : json({ error: 'x-sim-token is wrong' }, 403))
  }
}

function handle({ shop, plan, settle }: Controlled, { method, path, body }: SimRequest): SimReply {
  const fields = readBody(body)
  switch (`${method} ${path}`) {
    case 'GET /__sim/book':
      return json({ balance: String(shop.balance), sales: shop.book.map(toBookEntry) })
    case 'POST /__sim/faults':
      return changeFaults(plan, fields)
    case 'POST /__sim/shop':
      return changeShop(shop, fields)
    case 'POST /__sim/settle':
      return shop.find(textOf(fields['reference'])) === null
        ? json({ error: 'no such sale' }, 404)
        : json(toBookEntry(settle(textOf(fields['reference']))))
    default:
      return json({ error: 'GET /__sim/book, POST /__sim/faults, /__sim/shop or /__sim/settle' }, 404)
  }
}

const toBookEntry = ({ reference, upstreamId, product, quantity, unitPrice, cards, state, at, input }: Sale): object => ({
  reference,
  upstreamId,
  product: product.code,
  quantity,
  unitPrice: String(unitPrice),
  cards,
  state,
  at: at.toISOString(),
  input
})

const OPERATIONS: readonly Operation[] = ['place', 'query', 'other']

/** `{ "script": [{ "fault": "timeout_after", "on": "place", "times": 2 }], "rates": { "not_json": 0.1 } }` */
function changeFaults(plan: FaultPlan, { script, rates }: Readonly<Record<string, unknown>>): SimReply {
  const steps = Array.isArray(script) ? script.map(each => readBody(JSON.stringify(each))) : []
  for (const { fault, on, times } of steps) {
    const operation = OPERATIONS.find(each => each === on)
    if (typeof fault !== 'string' || !isFault(fault)) return json({ error: 'unknown fault' }, 400)
    plan.script({ fault, ...(operation === undefined ? {} : { on: operation }), times: typeof times === 'number' ? times : 1 })
  }
  if (rates !== undefined) plan.rates(readBody(JSON.stringify(rates)))
  return json({ ok: true })
}

/** `{ "balance": "10.00", "delivery": "later", "product": "1001", "stock": 0, "price": "6.00" }` */
function changeShop(shop: Shop, { balance, delivery, product: code, stock, price }: Readonly<Record<string, unknown>>): SimReply {
  const product = shop.products.get(textOf(code))
  if (code !== undefined && product === undefined) return json({ error: 'no such product' }, 404)
  if (product !== undefined && typeof stock === 'number') product.stock = stock
  if (product !== undefined && price !== undefined) product.price = amountOf(price) ?? product.price
  if (balance !== undefined) shop.balance = amountOf(balance) ?? shop.balance
  if (delivery === 'later' || delivery === 'at_once') shop.delivery = delivery
  return json({ ok: true })
}
