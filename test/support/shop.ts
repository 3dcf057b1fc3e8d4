/** Builders: a shop with what a test needs, and nothing that it does not name. */
import { randomBytes } from 'node:crypto'
import type { Call, Json, TestApp } from './app.ts'
import { eventually } from './eventually.ts'

let serial = 0
const unique = (): string => `${randomBytes(4).toString('hex')}${serial++}`

export const cny = (amount: string) => ({ amount, currency: 'CNY' })

export interface SkuOptions {
  readonly price?: string
  readonly stock?: number
  readonly keys?: readonly string[]
  readonly minQuantity?: number
  readonly maxQuantity?: number
  readonly kind?: 'card' | 'topup' | 'bundle'
}

/** A SKU on sale. Its keys are `KEY-<random>-<n>` unless they are given. */
export async function createSku({ admin }: Pick<TestApp, 'admin'>, options: SkuOptions = {}): Promise<string> {
  const product = await expectStatus(
    201,
    admin('POST', '/v1/admin/products', { body: { name: 'Game key', category: 'games', kind: options.kind ?? 'card' } })
  )
  const sku = await expectStatus(
    201,
    admin('POST', '/v1/admin/skus', {
      body: {
        productId: product.id,
        code: `SKU-${unique()}`,
        name: 'Game key',
        price: cny(options.price ?? '10.00'),
        ...(options.minQuantity === undefined ? {} : { minQuantity: options.minQuantity }),
        ...(options.maxQuantity === undefined ? {} : { maxQuantity: options.maxQuantity })
      }
    })
  )
  const tag = unique()
  const keys = options.keys ?? Array.from({ length: options.stock ?? 0 }, (_, n) => `KEY-${tag}-${n}`)
  if (keys.length > 0) await importKeys({ admin }, sku.id, keys)
  return sku.id
}

export const importKeys = async ({ admin }: Pick<TestApp, 'admin'>, skuId: string, keys: readonly string[]) =>
  await expectStatus(
    201,
    admin('POST', `/v1/admin/skus/${skuId}/card-batches`, { body: `${keys.join('\n')}\n`, headers: { 'content-type': 'text/plain' } })
  )

export interface ResellerOptions {
  readonly credit?: string
  readonly tier?: string
  readonly key?: Readonly<Record<string, unknown>>
}

export interface TestReseller {
  readonly id: string
  readonly key: string
  readonly call: Call
}

export async function createReseller(app: Pick<TestApp, 'admin' | 'as'>, options: ResellerOptions = {}): Promise<TestReseller> {
  const reseller = await expectStatus(
    201,
    app.admin('POST', '/v1/admin/resellers', {
      body: { name: 'Shop', ...(options.tier === undefined ? {} : { tier: options.tier }) }
    })
  )
  const { key } = await expectStatus(201, app.admin('POST', `/v1/admin/resellers/${reseller.id}/api-keys`, { body: { name: 'bot', ...options.key } }))
  if (options.credit !== undefined) {
    await expectStatus(
      201,
      app.admin('POST', `/v1/admin/resellers/${reseller.id}/wallet/credits`, { body: { amount: cny(options.credit), reason: 'test' } })
    )
  }
  return { id: reseller.id, key, call: app.as(key) }
}

/** The body of an answer that must have this status. */
export async function expectStatus(status: number, pending: ReturnType<Call>) {
  const reply = await pending
  if (reply.status !== status) throw new Error(`expected ${status}, got ${reply.status}: ${JSON.stringify(reply.body)}`)
  return reply.body
}

/** What the reseller's feed says of its orders, without what everybody is told of stock and prices. */
export async function orderEvents(call: Call): Promise<Json[]> {
  const { data } = await expectStatus(200, call('GET', '/v1/events?limit=100'))
  return data.filter(({ type }: { type: string }) => type.startsWith('order.'))
}

/** The types of its order events, once so many can be read: the feed waits for older transactions. */
export async function toldTypes(call: Call, count: number): Promise<string[]> {
  let types: string[] = []
  await eventually(`${count} events are told`, async () => {
    types = (await orderEvents(call)).map(({ type }) => type)
    return types.length >= count
  })
  return types
}
