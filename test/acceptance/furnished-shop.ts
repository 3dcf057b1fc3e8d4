/** A shop in which everything that has an id exists once, so that any operation can be called with ids that name something. */
import { randomBytes } from 'node:crypto'
import type { Json } from '../support/app.ts'

export interface FurnishedReply {
  readonly status: number
  readonly body: Json
}

export type Ask = (method: string, path: string, options?: { body?: unknown; headers?: Record<string, string> }) => Promise<FurnishedReply>

export interface Furnished {
  readonly resellerKey: string
  readonly supplierKey: string
  readonly reseller: Ask
  /** API id by prefix: `ord`, `sku`, …; the keys of others than resellers by their place in the path as well. */
  readonly ids: Readonly<Record<string, string>>
}

const cny = (amount: string) => ({ amount, currency: 'CNY' })

/** `as` gives a client for a key. Throws if anything that it creates is refused. */
export async function furnish(admin: Ask, as: (key: string) => Ask): Promise<Furnished> {
  const made = (ask: Ask) => async (path: string, body: unknown, headers?: Record<string, string>) => {
    const reply = await ask('POST', path, headers === undefined ? { body } : { body, headers })
    if (reply.status >= 300) throw new Error(`POST ${path}: ${reply.status} ${JSON.stringify(reply.body)}`)
    return reply.body
  }
  const create = made(admin)
  const product = await create('/v1/admin/products', { name: 'Game key', category: 'games', kind: 'card' })
  const sku = await create('/v1/admin/skus', { productId: product.id, code: randomBytes(6).toString('hex'), name: 'Game key', price: cny('1.00') })
  const supplier = await create('/v1/admin/suppliers', { name: 'Key works' })
  const keys = Array.from({ length: 40 }, () => `CANARY-${randomBytes(9).toString('hex')}`).join('\n')
  const batch = await create(`/v1/admin/skus/${sku.id}/card-batches`, keys, { 'content-type': 'text/plain' })
  const reseller = await create('/v1/admin/resellers', { name: 'Shop' })
  const resellerKey = await create(`/v1/admin/resellers/${reseller.id}/api-keys`, { name: 'bot' })
  const supplierKey = await create(`/v1/admin/suppliers/${supplier.id}/api-keys`, { name: 'sync' })
  await create(`/v1/admin/resellers/${reseller.id}/wallet/credits`, { amount: cny('1000.00'), reason: 'start' })
  const buyer = as(resellerKey.key)
  const buy = made(buyer)
  const order = await buy('/v1/orders', { skuId: sku.id, quantity: 3, reference: `ref-${randomBytes(6).toString('hex')}` })
  const quote = await buy('/v1/quotes', { skuId: sku.id, quantity: 1 })
  const topUp = await buy('/v1/wallet/top-ups', { amount: cny('5.00') })
  const orderBatch = await buy('/v1/order-batches', { orders: [{ skuId: sku.id, quantity: 1 }] })
  for (const again of [1, 2]) {
    // Lists of one page have no cursor.
    await buy('/v1/wallet/top-ups', { amount: cny(`${again}.00`) })
    await buy('/v1/webhook-endpoints', { url: `https://shop.example.com/${again}` })
  }
  const endpoint = await buy('/v1/webhook-endpoints', { url: 'https://shop.example.com/hook' })
  const delivery = await buy(`/v1/webhook-endpoints/${endpoint.id}/test`, undefined)
  await buy(`/v1/webhook-endpoints/${endpoint.id}/test`, undefined)
  const credential = await create(`/v1/admin/resellers/${reseller.id}/facade-credentials`, { protocol: 'acg-faka', name: 'shop' })
  await create(`/v1/admin/resellers/${reseller.id}/facade-credentials`, { protocol: 'acg-faka', name: 'second shop' })
  const operatorKey = await create('/v1/admin/operator-keys', { name: 'finance', scopes: ['wallet:read'] })
  const ids = {
    prd: product.id,
    sku: sku.id,
    sup: supplier.id,
    bat: batch.id,
    rsl: reseller.id,
    key: resellerKey.id,
    whe: endpoint.id,
    del: delivery.id,
    'suppliers key': supplierKey.id,
    'operator-keys key': operatorKey.id,
    'facade-credentials key': credential.id,
    ord: order.id,
    crd: order.cards[0].id,
    quo: quote.id,
    tup: topUp.id,
    obt: orderBatch.id
  }
  return { resellerKey: resellerKey.key, supplierKey: supplierKey.key, reseller: buyer, ids }
}
