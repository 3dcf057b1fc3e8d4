/**
 * Suppliers that push everything five times, out of order, and somebody who forges: what was pushed must have had its effect once, and what
 * was forged none. The same seed makes the same pushes in the same order; keys and ids are new each time.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import type { Call, Json, Reply } from '../support/app.ts'
import { cny } from '../support/shop.ts'

export interface StormOptions {
  readonly seed: number
  readonly pushes: number
  /** How often each is delivered. */
  readonly times: number
  /** Of 1. */
  readonly forged: number
  /** Requests at a time. */
  readonly lanes: number
}

export interface StormDeps {
  readonly admin: (...args: Parameters<Call>) => Promise<Pick<Reply, 'status' | 'body'>>
  /** Posts to a path, without a key. */
  readonly post: (path: string, headers: Readonly<Record<string, string>>, body: string) => Promise<Reply>
}

export interface StormReport {
  readonly requests: number
  readonly replayed: number
  /** Told to wait for a twin that was still running, and sent again. */
  readonly postponed: number
  readonly forged: number
  readonly cards: number
  readonly seconds: number
  /** What was not as it must be. */
  readonly faults: readonly string[]
}

interface Push {
  readonly id: string
  readonly supplier: number
  readonly body: string
  readonly secret: string
  /** Of this effect: cards stocked, or taken back. */
  readonly expected: Json
  readonly isForged: boolean
}

const SUPPLIERS = 3
const CARDS_MAX = 4
const TRIES_MAX = 200

/** mulberry32 */
function createDice(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function shuffle<T>(items: T[], dice: () => number): T[] {
  for (let n = items.length - 1; n > 0; n--) {
    const other = Math.floor(dice() * (n + 1))
    const [a, b] = [items[n]!, items[other]!]
    items[n] = b
    items[other] = a
  }
  return items
}

const key = (): string => `STORM-${randomBytes(12).toString('hex')}`
const newId = (): string => `msg_${randomBytes(12).toString('hex')}`

interface Supplier {
  readonly id: string
  readonly secret: string
  readonly skuId: string
  readonly productCode: string
  /** In stock from the beginning, to be taken back. */
  readonly returns: string[]
  stock: number
}

const body = (type: string, data: object): string => JSON.stringify({ type, timestamp: new Date().toISOString(), data })

function createPush(suppliers: readonly Supplier[], index: number, dice: () => number): Push {
  const supplier = index % suppliers.length
  const { secret, productCode, returns } = suppliers[supplier]!
  const whole = { id: newId(), supplier, secret, isForged: false }
  const kind = dice()
  const back = kind > 0.9 ? returns.pop() : undefined
  if (back !== undefined) {
    return { ...whole, body: body('card.revoked', { cards: [{ secret: back }] }), expected: { voided: 1, sold: 0, unknown: 0 } }
  }
  if (kind > 0.8) return { ...whole, body: body('order.fulfilled', { reference: newId() }), expected: { state: 'accepted' } }
  const count = 1 + Math.floor(dice() * CARDS_MAX)
  const cards = Array.from({ length: count }, () => ({ secret: key() }))
  const twice = dice() < 0.2
  return {
    ...whole,
    body: body('stock.added', { productCode, cards: twice ? [...cards, cards[0]] : cards }),
    expected: { accepted: count, duplicates: twice ? 1 : 0, rejected: [], rejectedCount: 0 }
  }
}

/** Another secret, or a body that was changed after it was signed. */
function forge(push: Push, dice: () => number): Push {
  const altered = push.body.replace(/STORM-../, 'FORGED')
  // A body without a card has nothing that could be altered like this.
  if (dice() < 0.5 || altered === push.body) return { ...push, secret: `whsec_${randomBytes(32).toString('base64')}`, isForged: true }
  return { ...push, body: altered, isForged: true }
}

export async function pushStorm(deps: StormDeps, options: StormOptions): Promise<StormReport> {
  const { seed, pushes: count, times, lanes } = options
  const dice = createDice(seed)
  const suppliers = await Promise.all(Array.from({ length: SUPPLIERS }, () => openSupplier(deps, Math.ceil(count / 5))))
  const pushes = Array.from({ length: count }, (_, index) => createPush(suppliers, index, dice))
  const forgeries = pushes.filter(() => dice() < options.forged).map(push => forge(push, dice))
  const deliveries = shuffle([...pushes.flatMap(push => Array.from({ length: times }, () => push)), ...forgeries], dice)
  const seen = { requests: 0, replayed: 0, postponed: 0 }
  const faults: string[] = []
  const effects = new Map<string, number>()
  const startedAt = performance.now()
  let next = 0

  async function lane(): Promise<void> {
    for (let push = deliveries[next++]; push !== undefined; push = deliveries[next++]) {
      const reply = await deliver(deps, suppliers, push, seen)
      if (push.isForged) {
        if (reply.status !== 401) faults.push(`a forged push was answered ${reply.status}`)
        continue
      }
      if (reply.status !== 200) faults.push(`${push.id} was answered ${reply.status} ${JSON.stringify(reply.body)}`)
      else if (!sameJson(reply.body, push.expected)) faults.push(`${push.id}: ${JSON.stringify(reply.body)} for ${JSON.stringify(push.expected)}`)
      if (reply.headers['idempotent-replayed'] === 'true') seen.replayed += 1
      else effects.set(push.id, (effects.get(push.id) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  const seconds = (performance.now() - startedAt) / 1_000
  for (const push of pushes) if (effects.get(push.id) !== 1) faults.push(`${push.id} was told ${effects.get(push.id) ?? 0} times that it is new`)
  const cards = await checkStock(deps, suppliers, pushes, faults)
  return { ...seen, forged: forgeries.length, cards, seconds, faults }
}

const sorted = (value: Json): string => JSON.stringify(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
const sameJson = (a: Json, b: Json): boolean => sorted(a) === sorted(b)

async function deliver(deps: StormDeps, suppliers: readonly Supplier[], push: Push, seen: { requests: number; postponed: number }): Promise<Reply> {
  for (let tried = 1; ; tried++) {
    const now = new Date()
    // What was changed after it was signed keeps the signature of what it was.
    const signed = push.isForged ? push.body.replace('FORGED', 'STORM-00') : push.body
    const headers = {
      'content-type': 'application/json',
      'webhook-id': push.id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
      'webhook-signature': new Webhook(push.secret).sign(push.id, now, signed)
    }
    seen.requests += 1
    const reply = await deps.post(`/v1/webhooks/suppliers/${suppliers[push.supplier]?.id}`, headers, push.body)
    if (push.isForged || (reply.status !== 409 && reply.status !== 503) || tried === TRIES_MAX) return reply
    seen.postponed += 1
    await wait(10 * Math.min(tried, 20))
  }
}

async function openSupplier({ admin, post }: StormDeps, returns: number): Promise<Supplier> {
  const made = async (path: string, value: object) => {
    const reply = await admin('POST', path, { body: value })
    if (reply.status !== 201) throw new Error(`POST ${path}: ${reply.status} ${JSON.stringify(reply.body)}`)
    return reply.body
  }
  const { id, webhookSecret } = await made('/v1/admin/suppliers', { name: 'Key works' })
  const product = await made('/v1/admin/products', { name: 'Game key', category: 'games', kind: 'card' })
  const { id: skuId } = await made('/v1/admin/skus', { productId: product.id, code: key(), name: 'Game key', price: cny('10.00') })
  const productCode = key()
  await admin('PUT', `/v1/admin/skus/${skuId}/sources`, {
    body: [{ supplierId: id, productCode, unitCost: cny('4.00'), priority: 1, enabled: true }]
  })
  const supplier: Supplier = { id, secret: webhookSecret, skuId, productCode, returns: Array.from({ length: returns }, key), stock: returns }
  const first = body('stock.added', { productCode, cards: supplier.returns.map(secret => ({ secret })) })
  const push: Push = { id: newId(), supplier: 0, body: first, secret: webhookSecret, expected: null, isForged: false }
  const reply = await deliver({ admin, post }, [supplier], push, { requests: 0, postponed: 0 })
  if (reply.status !== 200) throw new Error(`the first stock: ${reply.status}`)
  return supplier
}

/** What is for sale is what was pushed, less what was taken back. */
async function checkStock({ admin }: StormDeps, suppliers: readonly Supplier[], pushes: readonly Push[], faults: string[]): Promise<number> {
  let total = 0
  for (const [index, supplier] of suppliers.entries()) {
    const own = pushes.filter(push => push.supplier === index)
    const expected = own.reduce((sum, push) => sum + (push.expected.accepted ?? 0) - (push.expected.voided ?? 0), supplier.stock)
    const { body: sku } = await admin('GET', `/v1/admin/skus/${supplier.skuId}`)
    if (sku.available !== expected) faults.push(`${sku.available} cards for sale instead of ${expected}`)
    total += expected
  }
  return total
}
