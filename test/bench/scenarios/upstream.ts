/** Two thousand orders are with a supplier that takes half a second, all the time: how many come through, and what own stock feels of it. */
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Bench } from '../bench.ts'
import { latencyChart } from '../charts.ts'
import { ordersPlan, summary } from '../contest.ts'
import { checkKahub } from '../correctness.ts'
import { openLoad } from '../load/load.ts'
import { openWindow, type Window } from '../load/window.ts'
import { type Faults, type OrderRun, runOrders, type Subject } from '../measure.ts'
import { inParallel } from '../rig/admin.ts'
import type { Kahub } from '../rig/kahub.ts'
import { cpuSecondsOf } from '../rig/process-stats.ts'
import { ensureStock } from '../rig/shop.ts'
import { type SupplierProcess, startSupplier } from '../rig/supplier.ts'
import type { Scenario } from '../scenario.ts'
import { resetStatements } from '../statements.ts'
import { median, round } from '../stats.ts'

const IN_FLIGHT = 2_000
const LATENCY_MS = 500
const BUYERS = 100
const BUYER_CONNECTIONS = 64
/** Of its own, so that its captures can be counted. */
const CURRENCY = 'USD'
/** A shop on an ordinary day. */
const LOCAL_CONNECTIONS = 32
const LOCAL_PER_SECOND = 100
/** Until as many are in flight as can be. */
const RAMP_SECONDS = 3
const SECONDS = 8
const DRAIN_MAX_MS = 20_000
const CREDIT = { amount: { amount: '10000000.00', currency: CURRENCY }, reason: 'bench' }

/** Each delivered order is one entry on a revenue account. */
const DELIVERED = "SELECT coalesce(sum(version), 0)::int AS n FROM ledger_account WHERE kind = 'revenue' AND currency = $1"

interface Market {
  readonly skuId: string
  readonly keys: readonly string[]
}

/** A SKU without stock that the supplier sells, and resellers who want it. */
async function openMarket({ admin }: Kahub, supplier: SupplierProcess): Promise<Market> {
  const { id: supplierId } = await admin.call('POST', '/v1/admin/suppliers', {
    body: { ...supplier.account, limits: { callsInFlight: IN_FLIGHT, requestsPerMinute: 600_000 } }
  })
  const { id: productId } = await admin.call('POST', '/v1/admin/products', { body: { name: 'Upstream', category: 'bench', kind: 'card' } })
  const price = (amount: string) => ({ amount, currency: CURRENCY })
  const { id: skuId } = await admin.call('POST', '/v1/admin/skus', { body: { productId, code: 'UPSTREAM', name: 'Upstream', price: price('10.00') } })
  await admin.call('PUT', `/v1/admin/skus/${String(skuId)}/sources`, { body: [{ supplierId, productCode: '1001', unitCost: price('5.00') }] })
  const keys = await inParallel(Array.from({ length: BUYERS }), async () => {
    const { id } = await admin.call('POST', '/v1/admin/resellers', { body: { name: 'Buyer' } })
    await admin.call('POST', `/v1/admin/resellers/${String(id)}/wallet/credits`, { body: CREDIT })
    return String((await admin.call('POST', `/v1/admin/resellers/${String(id)}/api-keys`, { body: { name: 'bench' } }))['key'])
  })
  return { skuId: String(skuId), keys }
}

interface Meanwhile {
  readonly perSecond: number
  readonly local: OrderRun
  readonly micros: Readonly<Record<'server' | 'postgres' | 'supplier', number>>
}

/** Local orders while the window is full. */
async function measureFull(bench: Bench, subject: Subject, window: Window, supplier: SupplierProcess): Promise<Meanwhile> {
  await sleep(RAMP_SECONDS * 1_000)
  const cpu = () => [...subject.instances.map(kahub => kahub.cpuSeconds()), bench.lab.postgresCpuSeconds(), cpuSecondsOf(supplier.pid)]
  const before = { at: performance.now(), delivered: window.delivered(), cpu: cpu() }
  const local = await runOrders(bench, subject, { seconds: SECONDS, perSecond: LOCAL_PER_SECOND })
  const delivered = window.delivered() - before.delivered
  const [server = 0, postgres = 0, seller = 0] = cpu().map((seconds, index) =>
    round(((seconds - (before.cpu[index] ?? 0)) * 1e6) / Math.max(1, delivered + local.result.placed), 0)
  )
  return { perSecond: (delivered * 1_000) / (performance.now() - before.at), local, micros: { server, postgres, supplier: seller } }
}

async function checkBooks(bench: Bench, client: pg.Client, window: Window, supplier: SupplierProcess): Promise<Faults> {
  const book = await supplier.book()
  const { rows } = await client.query<{ reference: string }>("SELECT reference FROM supplier_attempt WHERE state = 'succeeded'")
  const bought = new Set(rows.map(row => row.reference))
  const isSame = bought.size === book.length && book.every(reference => bought.has(reference))
  bench.log(`    ${window.placed()} placed, ${window.delivered()} delivered, ${book.length} in the supplier's book`)
  return [
    ...Object.entries(window.errors).map(([what, count]) => `${count} × ${what} for an order that is bought`),
    ...(window.delivered() === window.placed() ? [] : [`${window.placed()} were placed, ${window.delivered()} delivered`]),
    ...(isSame && book.length === window.placed() ? [] : [`the books differ: ${bought.size} here, ${book.length} there, ${window.placed()} placed`])
  ]
}

export const upstream: Scenario = {
  name: 'upstream',
  quick: true,
  run: async bench => {
    const shop = await bench.hotShop()
    await ensureStock(shop, LOCAL_PER_SECOND * SECONDS * 4)
    const faults: Faults = []
    const supplier = await startSupplier('example', LATENCY_MS)
    const client = new pg.Client({ connectionString: shop.kahub.databaseUrl })
    await client.connect()
    const load = await openLoad(ordersPlan(shop, LOCAL_CONNECTIONS))
    const market = await openMarket(shop.kahub, supplier)
    const window = (size: number) =>
      openWindow(
        { ...ordersPlan(shop, BUYER_CONNECTIONS), keys: market.keys, request: { kind: 'order', skuIds: [market.skuId] } },
        { size, countDelivered: async () => (await client.query<{ n: number }>(DELIVERED, [CURRENCY])).rows[0]?.n ?? 0 }
      )
    try {
      const subject = { load, instances: [shop.kahub], faults }
      const alone = async (): Promise<OrderRun> => await runOrders(bench, subject, { seconds: SECONDS / 2, perSecond: LOCAL_PER_SECOND })
      await alone()
      const before = await alone()
      if (bench.options.profile) await resetStatements(bench)
      const full = await window(IN_FLIGHT)
      const meanwhile = await measureFull(bench, subject, full, supplier)
      await full.drain(DRAIN_MAX_MS)
      full.close()
      const after = await alone()
      faults.push(...(await checkBooks(bench, client, full, supplier)))
      bench.placed.set(shop.kahub.databaseUrl, (bench.placed.get(shop.kahub.databaseUrl) ?? 0) + full.placed())
      faults.push(...(await checkKahub(bench, shop.kahub)))
      const p99Alone = median([before.p99, after.p99])
      bench.log(
        `    bought: ${meanwhile.perSecond.toFixed(0)}/s, µs an order: ${JSON.stringify(meanwhile.micros)}; local p99 ${meanwhile.local.p99.toFixed(1)} ms, alone ${p99Alone.toFixed(1)} ms`
      )
      return {
        ratios: { upstreamRate: meanwhile.perSecond / (IN_FLIGHT / (LATENCY_MS / 1_000)), upstreamP99: meanwhile.local.p99 / p99Alone },
        comparisons: [],
        details: {
          boughtPerSecond: round(meanwhile.perSecond, 0),
          cpuMicrosAnOrder: meanwhile.micros,
          local: { alone: summary([before, after]), meanwhile: summary([meanwhile.local]) }
        },
        charts: [latencyChart('upstream-local', [meanwhile.local])],
        faults
      }
    } finally {
      await load.close()
      await client.end()
      await supplier.stop()
    }
  }
}
