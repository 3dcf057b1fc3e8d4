/** Simulated suppliers that go wrong in every way, SKUs that are bought from them, and resellers: all over the operator's API. */
import { PROTOCOLS } from '../../../src/suppliers/simulators/registry.ts'
import { type Simulator, startSimulator } from '../../../src/suppliers/simulators/simulator.ts'
import type { Json } from '../../support/app.ts'
import type { ServerReply } from '../../support/server.ts'
import { cny } from '../../support/shop.ts'
import type { Options } from './options.ts'

export type Admin = (method: string, path: string, options?: { body?: unknown }) => Promise<ServerReply>

/** What an operator would set for suppliers that answer at once, or not at all. Longer than a sale stays hidden. */
const LIMITS = { callTimeoutMs: 1_000, quietTimeMs: 15_000, reviewAfterMs: 60_000, callsInFlight: 500, requestsPerMinute: 600_000 }
const RESELLERS = 20
const BALANCE = 10_000_000_000_000n
const STOCK = 10_000_000

export interface Shelf {
  readonly supplierId: string
  readonly sim: Simulator
}

export interface Market {
  readonly shelves: readonly Shelf[]
  /** Each is sold by two of the suppliers. */
  readonly skuIds: readonly string[]
  /** Charged to an account, without cards. */
  readonly topUpId: string
  readonly buyers: readonly string[]
}

export const ok = async (pending: Promise<ServerReply>): Promise<Json> => {
  const reply = await pending
  if (reply.status >= 300) throw new Error(`${reply.status} ${JSON.stringify(reply.body)}`)
  return reply.body
}

async function openShelf(admin: Admin, name: string, { seed, faults }: Pick<Options, 'seed' | 'faults'>): Promise<Shelf> {
  const protocol = PROTOCOLS.find(each => each.name === name)
  if (protocol === undefined) throw new Error(`there is no simulator ${name}`)
  const sim = await startSimulator(protocol, { seed })
  sim.shop.balance = BALANCE
  for (const product of sim.shop.products.values()) product.stock = STOCK
  sim.plan.rates(faults)
  const { id } = await ok(admin('POST', '/v1/admin/suppliers', { body: { name, adapter: name, config: sim.config, limits: LIMITS } }))
  return { supplierId: id, sim }
}

const codeOf = ({ sim }: Shelf, code: string): string => (sim.name === 'dujiao-next' ? `${code}/${code}` : code)

async function openSku(admin: Admin, code: string, from: readonly Shelf[], kind: 'card' | 'topup'): Promise<string> {
  const product = await ok(admin('POST', '/v1/admin/products', { body: { name: code, category: 'soak', kind } }))
  const inputSchema = { type: 'object', properties: { account: { type: 'string', pattern: '^[0-9]{5,15}$' } }, required: ['account'] }
  const body = { productId: product.id, code, name: code, price: cny('15.00'), ...(kind === 'topup' ? { inputSchema } : {}) }
  const sku = await ok(admin('POST', '/v1/admin/skus', { body }))
  const [sold, cost] = kind === 'topup' ? ['1002', '12.34'] : ['1001', '5.00']
  const sources = from.map((shelf, priority) => ({ supplierId: shelf.supplierId, productCode: codeOf(shelf, sold), unitCost: cny(cost), priority }))
  await ok(admin('PUT', `/v1/admin/skus/${sku.id}/sources`, { body: sources }))
  return sku.id
}

async function openBuyer(admin: Admin): Promise<string> {
  const { id } = await ok(admin('POST', '/v1/admin/resellers', { body: { name: 'soak' } }))
  await ok(admin('POST', `/v1/admin/resellers/${id}/wallet/credits`, { body: { amount: cny('10000000.00'), reason: 'soak' } }))
  return (await ok(admin('POST', `/v1/admin/resellers/${id}/api-keys`, { body: { name: 'soak' } }))).key
}

export async function openMarket(admin: Admin, { suppliers, seed, faults }: Options): Promise<Market> {
  const shelves = await Promise.all(suppliers.map((name, index) => openShelf(admin, name, { seed: seed + index, faults })))
  const skuIds = await Promise.all(
    shelves.map((shelf, index) =>
      openSku(admin, `CARD-${index}`, [shelf, shelves[(index + 1) % shelves.length] ?? shelf].slice(0, shelves.length), 'card')
    )
  )
  const topUpId = await openSku(admin, 'TOPUP', shelves.slice(0, 1), 'topup')
  const buyers = await Promise.all(Array.from({ length: RESELLERS }, () => openBuyer(admin)))
  return { shelves, skuIds, topUpId, buyers }
}
