/** What customers do, and how often. */
import { randomBytes } from 'node:crypto'
import { hashOf } from './history.ts'
import { type Intent, insist, type LoadDeps } from './intents.ts'
import { keysOf, type ShopSku, type SkuRole } from './shop.ts'

type Act = (mix: Mix) => Promise<void>

export interface Mix {
  readonly deps: LoadDeps
  nextIntent(): number
  /** Keys of orders that were sent, with what was asked: they may be sent again. */
  readonly sent: { readonly owner: number; readonly key: string; readonly body: object; readonly skuId: string; readonly quantity: number }[]
  /** Orders that were answered: they may be read. */
  readonly answered: { readonly owner: number; readonly id: string }[]
  /** Orders that wait for stock. */
  readonly waiting: { readonly owner: number; readonly id: string }[]
  /** Keys of cards that were imported: some come twice. */
  readonly imported: string[]
}

const SENT_KEPT = 300
const QUANTITY_MAX = 3
const DUPLICATES_MAX = 4
const IMPORT_LINES = [20, 250] as const
const PUSHED_CARDS = [1, 20] as const
const BATCH_ORDERS = 4
const CREDIT = { text: '3.21', units: '32100', other: '4.32' }
/** How often a credit's key is sent again with another amount. */
const OTHER_CREDIT = 0.3
const IMPORT_TIMEOUT_MS = 15_000

const freshKey = (): string => randomBytes(9).toString('base64url')

function skuOf({ deps }: Mix, role: SkuRole): ShopSku {
  return deps.dice.pick(deps.shop.skus.filter(sku => sku.role === role))
}

const reseller = ({ deps }: Mix): number => deps.dice.int(0, deps.shop.resellers.length - 1)

function orderIntent(mix: Mix, role: SkuRole): Intent {
  const { dice } = mix.deps
  const [owner, key, sku] = [reseller(mix), freshKey(), skuOf(mix, role)]
  const quantity = dice.chance(0.75) ? 1 : dice.int(2, QUANTITY_MAX)
  const body = { skuId: sku.id, quantity, ...(role === 'backorder' ? { backorder: true } : {}) }
  mix.sent.push({ owner, key, body, skuId: sku.id, quantity })
  if (mix.sent.length > SENT_KEPT) mix.sent.splice(dice.int(0, SENT_KEPT - 1), 1)
  return {
    op: 'order',
    intent: mix.nextIntent(),
    owner,
    ask: { method: 'POST', path: '/v1/orders', idempotencyKey: key, body },
    about: { skuId: sku.id, quantity }
  }
}

const order =
  (role: SkuRole): Act =>
  async mix => {
    const intent = orderIntent(mix, role)
    const answer = await insist(mix.deps, intent)
    if (answer !== null && answer.status < 300) mix.answered.push({ owner: intent.owner, id: answer.body.id })
    if (mix.answered.length > SENT_KEPT) mix.answered.shift()
    if (answer?.status === 202 && answer.body?.state === 'backordered') mix.waiting.push({ owner: intent.owner, id: answer.body.id })
    if (mix.waiting.length > SENT_KEPT) mix.waiting.shift()
  }

/** An impatient client sends the same at once, to everybody. */
const twins: Act = async mix => {
  const intent = orderIntent(mix, mix.deps.dice.chance(0.5) ? 'hot' : 'scarce')
  const count = mix.deps.dice.int(2, DUPLICATES_MAX)
  await Promise.all(Array.from({ length: count }, () => insist(mix.deps, intent)))
}

const again: Act = async mix => {
  if (mix.sent.length === 0) return
  const { owner, key, body, skuId, quantity } = mix.deps.dice.pick(mix.sent)
  const ask = { method: 'POST', path: '/v1/orders', idempotencyKey: key, body } as const
  await insist(mix.deps, { op: 'order', intent: mix.nextIntent(), owner, ask, about: { skuId, quantity } })
}

const otherContent: Act = async mix => {
  if (mix.sent.length === 0) return
  const { owner, key, body, skuId, quantity } = mix.deps.dice.pick(mix.sent)
  const ask = { method: 'POST', path: '/v1/orders', idempotencyKey: key, body: { ...body, metadata: { changed: 'yes' } } } as const
  await insist(mix.deps, { op: 'order', intent: mix.nextIntent(), owner, ask, about: { skuId, quantity, otherContent: true }, once: true })
}

const batch: Act = async mix => {
  const skus = Array.from({ length: BATCH_ORDERS }, () => skuOf(mix, mix.deps.dice.pick(['hot', 'warm', 'scarce'] as const)))
  const body = { orders: skus.map(sku => ({ skuId: sku.id, quantity: 1 })) }
  const ask = { method: 'POST', path: '/v1/order-batches', idempotencyKey: freshKey(), body } as const
  await insist(mix.deps, { op: 'batch', intent: mix.nextIntent(), owner: reseller(mix), ask })
}

/** What waits, and what may have been delivered long ago: that is not taken back. */
const cancel: Act = async mix => {
  const { dice } = mix.deps
  const list = mix.waiting.length > 0 && dice.chance(0.5) ? mix.waiting : mix.answered
  if (list.length === 0) return
  const found = dice.pick(list)
  const ask = { method: 'POST', path: `/v1/orders/${found.id}/cancel`, idempotencyKey: freshKey() } as const
  await insist(mix.deps, { op: 'cancel', intent: mix.nextIntent(), owner: found.owner, ask })
}

const credit: Act = async mix => {
  const owner = reseller(mix)
  const body = { amount: { amount: CREDIT.text, currency: 'CNY' }, reason: 'chaos' }
  const path = `/v1/admin/resellers/${mix.deps.shop.resellers[owner]?.id}/wallet/credits`
  const ask = { method: 'POST', path, idempotencyKey: freshKey(), body } as const
  // By the operator, for this reseller: the key belongs to the operator.
  await insist(mix.deps, { op: 'credit', intent: mix.nextIntent(), owner: -1, ask, about: { amount: CREDIT.units } })
  if (!mix.deps.dice.chance(OTHER_CREDIT)) return
  const other = { ...ask, body: { ...body, amount: { amount: CREDIT.other, currency: 'CNY' } } }
  await insist(mix.deps, { op: 'credit', intent: mix.nextIntent(), owner: -1, ask: other, about: { otherContent: true }, once: true })
}

/** New keys, and some that were imported before. */
const restock: Act = async mix => {
  const { dice } = mix.deps
  const sku = skuOf(mix, dice.pick(['hot', 'hot', 'warm', 'warm', 'backorder', 'backorder'] as const))
  const intent = mix.nextIntent()
  const fresh = keysOf(sku.tag, `i${intent}`, dice.int(...IMPORT_LINES))
  const known = mix.imported.filter(key => key.startsWith(`${sku.tag}-`))
  const old = known.length === 0 ? [] : Array.from({ length: dice.int(0, 5) }, () => dice.pick(known))
  const keys = dice.shuffle([...fresh, ...old])
  mix.imported.push(...fresh.slice(0, 5))
  const path = `/v1/admin/skus/${sku.id}/card-batches`
  const ask = { method: 'POST', path, idempotencyKey: freshKey(), body: keys.join('\n'), timeoutMs: IMPORT_TIMEOUT_MS } as const
  await insist(mix.deps, { op: 'import', intent, owner: -1, ask, about: { skuId: sku.id, keys: keys.map(hashOf) } })
}

const push: Act = async mix => {
  const { dice, shop } = mix.deps
  const sku = skuOf(mix, 'pushed')
  const intent = mix.nextIntent()
  const keys = keysOf(sku.tag, `p${intent}`, dice.int(...PUSHED_CARDS))
  const data = { productCode: shop.push.productCode, cards: keys.map(secret => ({ secret })) }
  const body = { type: 'stock.added', timestamp: new Date().toISOString(), data }
  const path = `/v1/webhooks/suppliers/${shop.push.supplierId}`
  const ask = { method: 'POST', path, body, headers: { 'webhook-id': `push-${intent}-${freshKey()}` } } as const
  const about = { skuId: sku.id, keys: keys.map(hashOf) }
  // As suppliers do: several times, whatever the answer was.
  await Promise.all([1, 2].map(() => insist(mix.deps, { op: 'push', intent, owner: -1, ask, about })))
}

const readWallet: Act = async mix => {
  const ask = { method: 'GET', path: '/v1/wallet' } as const
  await insist(mix.deps, { op: 'wallet', intent: mix.nextIntent(), owner: reseller(mix), ask, once: true })
}

/** Whoever placed it sees it; to anybody else it is not there. */
const readOrder: Act = async mix => {
  if (mix.answered.length === 0) return
  const { owner, id } = mix.deps.dice.pick(mix.answered)
  const reader = mix.deps.dice.chance(0.5) ? owner : reseller(mix)
  const ask = { method: 'GET', path: `/v1/orders/${id}` } as const
  await insist(mix.deps, { op: 'read-order', intent: mix.nextIntent(), owner: reader, ask, once: true })
}

const ACTS: readonly (readonly [weight: number, act: Act])[] = [
  [40, order('hot')],
  [16, order('warm')],
  [8, order('scarce')],
  [5, order('upstream')],
  [4, order('backorder')],
  [3, order('pushed')],
  [7, twins],
  [6, again],
  [2, otherContent],
  [3, batch],
  [3, cancel],
  [3, credit],
  [2, restock],
  [2, push],
  [6, readWallet],
  [4, readOrder]
]
const TOTAL = ACTS.reduce((sum, [weight]) => sum + weight, 0)

export function chooseAct({ deps }: Mix): Act {
  let left = deps.dice.next() * TOTAL
  for (const [weight, act] of ACTS) {
    left -= weight
    if (left < 0) return act
  }
  return order('hot')
}
