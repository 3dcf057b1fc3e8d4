/** A shop that buys from simulated suppliers, and the hands of a clock that tests may move. */
import pg from 'pg'
import type { Test } from 'tap'
import { example } from '../../src/suppliers/adapters/example/index.ts'
import type { SupplierAdapter, SupplierCapabilities, SupplierClient } from '../../src/suppliers/contract.ts'
import type { SimProtocol } from '../../src/suppliers/simulators/protocol.ts'
import { exampleProtocol } from '../../src/suppliers/simulators/protocols/example.ts'
import { type Simulator, startSimulator } from '../../src/suppliers/simulators/simulator.ts'
import { type Json, startTestApp, type TestApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { cny, createReseller, createSku, expectStatus, type SkuOptions, type TestReseller } from '../support/shop.ts'

/** For faults that hang; a busy machine needs longer for an honest answer to a crowd. */
const CALL_TIMEOUT_MS = 500

/** An adapter, and the other side of it. */
export interface System {
  readonly adapter: SupplierAdapter
  readonly protocol: SimProtocol
}

const EXAMPLE: System = { adapter: example, protocol: exampleProtocol }

export interface UpstreamShop {
  readonly app: TestApp
  readonly sql: (text: string, values?: readonly unknown[]) => Promise<Json[]>
  /** A supplier of its own, with its own book. It is not read unless `settings` say so. */
  readonly supplier: (
    capabilities?: Partial<SupplierCapabilities>,
    limits?: object,
    options?: SupplierOptions
  ) => Promise<{ readonly id: string; readonly sim: Simulator }>
  readonly sku: (sources: readonly Source[], options?: SkuOptions) => Promise<string>
  readonly reseller: (credit?: string) => Promise<TestReseller>
  /** All that waits for its next step is due now. */
  readonly hurry: () => Promise<void>
  /** What was tried for this order happened this much earlier. */
  readonly pass: (orderId: string, ms: number) => Promise<void>
}

export interface SupplierOptions extends Partial<System> {
  readonly settings?: Json
  /** Changes what its client does. */
  readonly client?: (client: SupplierClient) => SupplierClient
}

export interface Source {
  readonly supplierId: string
  readonly productCode?: string
  readonly unitCost?: string
  readonly priority?: number
  readonly enabled?: boolean
}

export async function startUpstreamShop(t: Test, timeoutMs = CALL_TIMEOUT_MS): Promise<UpstreamShop> {
  const adapters = new Map<string, SupplierAdapter>()
  const app = await startTestApp(t, { worker: true, findAdapter: name => adapters.get(name) ?? null })
  const client = new pg.Client({ connectionString: app.databaseUrl })
  await client.connect()
  const sims: Simulator[] = []
  t.teardown(async () => {
    await client.end()
    await Promise.all(sims.map(sim => sim.close()))
  })
  const sql: UpstreamShop['sql'] = async (text, values = []) => (await client.query(text, [...values])).rows
  const wait = ['due_at', 'review_at', 'created_at', 'sent_at'].map(column => `${column} = ${column} - $1 * interval '1 millisecond'`).join(', ')
  return {
    app,
    sql,
    supplier: async (capabilities, limits = {}, options = {}) => {
      const { adapter, protocol, settings, client: change } = { ...EXAMPLE, settings: {}, client: (client: SupplierClient) => client, ...options }
      const sim = await startSimulator(protocol)
      sims.push(sim)
      const name = `${adapter.name}-${sims.length}`
      adapters.set(name, {
        ...adapter,
        name,
        capabilities: { ...adapter.capabilities, rateLimit: null, ...capabilities },
        connect: (config, http) => change(adapter.connect(config, http))
      })
      const body = { name, adapter: name, config: sim.config, limits: { callTimeoutMs: timeoutMs, ...limits }, syncSeconds: 0, ...settings }
      const { id } = await expectStatus(201, app.admin('POST', '/v1/admin/suppliers', { body }))
      return { id, sim }
    },
    sku: async (sources, options) => {
      const skuId = await createSku(app, options)
      const body = sources.map(({ supplierId, productCode = '1001', unitCost = '5.00', priority = 1, enabled = true }) => ({
        supplierId,
        productCode,
        unitCost: cny(unitCost),
        priority,
        enabled
      }))
      await expectStatus(200, app.admin('PUT', `/v1/admin/skus/${skuId}/sources`, { body }))
      return skuId
    },
    reseller: (credit = '10000.00') => createReseller(app, { credit }),
    hurry: async () => void (await sql('UPDATE supplier_attempt SET due_at = now() WHERE due_at IS NOT NULL AND state <> $1', ['sent'])),
    pass: async (orderId, ms) => void (await sql(`UPDATE supplier_attempt SET ${wait} WHERE order_id = $2`, [ms, orderId.slice(4)]))
  }
}

/** The order once it is in one of these states. */
export const orderIn = (reseller: TestReseller, id: string, ...states: readonly string[]): Promise<Json> =>
  eventually(`${id} becomes ${states.join(' or ')}`, async () => {
    const { body } = await reseller.call('GET', `/v1/orders/${id}`)
    if (!states.includes(body.state)) throw new Error(`it is ${body.state}`)
    return body
  })

export const secretsOf = async (reseller: TestReseller, id: string): Promise<string[]> => {
  const { data } = await expectStatus(200, reseller.call('GET', `/v1/orders/${id}/cards?limit=100`))
  return data.map((card: Json) => card.secret)
}

export const place = async (reseller: TestReseller, skuId: string, body: Json = {}): Promise<Json> =>
  await expectStatus(202, reseller.call('POST', '/v1/orders', { body: { skuId, quantity: 1, ...body } }))
