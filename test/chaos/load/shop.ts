/** The shop that a run sells from: set up before the faults begin. */
import type { SupplierStall } from '../rig/messages.ts'
import type { Answer, Ask, Client } from './client.ts'

export type SkuRole = 'hot' | 'warm' | 'scarce' | 'backorder' | 'upstream' | 'pushed'

export interface ShopSku {
  readonly id: string
  readonly role: SkuRole
  /** Begins every key that is imported for it. */
  readonly tag: string
  /** Keys of the batch `first`. */
  readonly stock: number
}

export interface ShopReseller {
  readonly id: string
  readonly key: string
  /** What its key may spend a day, in 1/10000 of the unit. */
  readonly cap?: string
}

export interface Shop {
  readonly adminKey: string
  readonly skus: readonly ShopSku[]
  readonly resellers: readonly ShopReseller[]
  readonly push: { readonly supplierId: string; readonly secret: string; readonly productCode: string }
  /** Where events go, by the reseller's place in the list. */
  readonly endpoints: readonly { readonly reseller: number; readonly path: string; readonly createdAt: string; readonly secret: string }[]
}

/** In every key: what is found where it must not be, is found by this. */
export const CANARY = 'Chaos7Canary'
/** The suppliers sell at 5.00. */
const priceOf = (role: SkuRole): string => (role === 'upstream' ? '7.00' : '1.23')

const RESELLERS = 6
const WARM = 3
/** The last reseller can pay for some orders only. */
const POOR_CREDIT = '60.00'
const RICH_CREDIT = '1000000.00'
/** This one has a daily cap, and reaches it. */
const CAPPED = 3
const CAP = { amount: '120.00', currency: 'CNY' }
const CAP_UNITS = '1200000'
const HOT_STOCK = 3_000
const WARM_STOCK = 1_500
const SCARCE_STOCK = 25
const BATCH_TIMEOUT_MS = 60_000

export interface ShopOptions {
  readonly origin: string
  readonly adminKey: string
  readonly suppliers: readonly SupplierStall[]
  /** As the servers reach them. */
  readonly supplierOrigins: readonly string[]
  readonly receiverOrigin: string
}

export async function openShop(client: Client, options: ShopOptions): Promise<Shop> {
  const { origin, adminKey } = options
  let serial = 0
  const ask = async (what: Omit<Ask, 'key'>, key = adminKey): Promise<Answer['body']> => {
    const post = what.method === 'POST' ? { idempotencyKey: `setup-${serial++}` } : {}
    const answer = await client.ask(origin, { timeoutMs: BATCH_TIMEOUT_MS, ...what, ...post, key })
    if (answer.status >= 300) throw new Error(`${what.method} ${what.path}: ${answer.status} ${answer.text}`)
    return answer.body
  }
  const product = await ask({ method: 'POST', path: '/v1/admin/products', body: { name: 'Key', category: 'games', kind: 'card' } })
  const skus: ShopSku[] = []
  const stock: Readonly<Record<SkuRole, number>> = { hot: HOT_STOCK, warm: WARM_STOCK, scarce: SCARCE_STOCK, backorder: 0, upstream: 0, pushed: 0 }
  for (const role of ['hot', ...Array.from({ length: WARM }, () => 'warm' as const), 'scarce', 'backorder', 'upstream', 'pushed'] as const) {
    const tag = `${CANARY}-${role}${skus.length}`
    const body = { productId: product.id, code: `S${skus.length}`, name: role, price: { amount: priceOf(role), currency: 'CNY' } }
    const sku = await ask({ method: 'POST', path: '/v1/admin/skus', body })
    skus.push({ id: sku.id, role, tag, stock: stock[role] })
    if (stock[role] > 0)
      await ask({ method: 'POST', path: `/v1/admin/skus/${sku.id}/card-batches`, body: keysOf(tag, 'first', stock[role]).join('\n') })
  }
  const resellers: ShopReseller[] = []
  for (let n = 0; n < RESELLERS; n++) {
    const { id } = await ask({ method: 'POST', path: '/v1/admin/resellers', body: { name: `Shop ${n}` } })
    const limits = n === CAPPED ? { dailySpendCap: CAP } : {}
    const { key } = await ask({ method: 'POST', path: `/v1/admin/resellers/${id}/api-keys`, body: { name: 'bot', ...limits } })
    const amount = { amount: n === RESELLERS - 1 ? POOR_CREDIT : RICH_CREDIT, currency: 'CNY' }
    await ask({ method: 'POST', path: `/v1/admin/resellers/${id}/wallet/credits`, body: { amount, reason: 'start' } })
    resellers.push({ id, key, ...(n === CAPPED ? { cap: CAP_UNITS } : {}) })
  }
  const endpoints: { reseller: number; path: string; createdAt: string; secret: string }[] = []
  for (const [reseller, path] of ['/good', '/bad'].entries()) {
    const { createdAt, secret } = await ask(
      { method: 'POST', path: '/v1/webhook-endpoints', body: { url: `${options.receiverOrigin}${path}` } },
      resellers[reseller]?.key
    )
    endpoints.push({ reseller, path, createdAt, secret })
  }
  const push = await openSuppliers(ask, options, skus)
  return { adminKey, skus, resellers, push, endpoints }
}

async function openSuppliers(
  ask: (what: Omit<Ask, 'key'>) => Promise<Answer['body']>,
  { suppliers, supplierOrigins }: ShopOptions,
  skus: readonly ShopSku[]
): Promise<Shop['push']> {
  const skuOf = (role: SkuRole): string => skus.find(sku => sku.role === role)?.id ?? ''
  const sources: object[] = []
  for (const [n, { config }] of suppliers.entries()) {
    const body = { name: `Supplier ${n}`, adapter: 'example', config: { ...config, baseUrl: supplierOrigins[n] } }
    const { id } = await ask({ method: 'POST', path: '/v1/admin/suppliers', body })
    sources.push({ supplierId: id, productCode: '1001', unitCost: { amount: '5.00', currency: 'CNY' }, priority: n + 1, enabled: true })
  }
  await ask({ method: 'PUT', path: `/v1/admin/skus/${skuOf('upstream')}/sources`, body: sources })
  const pusher = await ask({ method: 'POST', path: '/v1/admin/suppliers', body: { name: 'Pusher' } })
  const productCode = 'pushed-1'
  const source = { supplierId: pusher.id, productCode, unitCost: { amount: '0.50', currency: 'CNY' }, priority: 1, enabled: true }
  await ask({ method: 'PUT', path: `/v1/admin/skus/${skuOf('pushed')}/sources`, body: [source] })
  return { supplierId: pusher.id, secret: pusher.webhookSecret, productCode }
}

export const keysOf = (tag: string, batch: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${tag}-${batch}-${n}`)
