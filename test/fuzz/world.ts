/** Where the sessions take place: a hub, its document, and for each session two shops of its own, one of which is another's. */
import type { Contract } from '../acceptance/contract.ts'
import { type Ask, type Furnished, furnish } from '../acceptance/furnished-shop.ts'
import type { Json } from '../support/app.ts'
import { Pool } from './pool.ts'
import type { Wire } from './wire.ts'

export interface World {
  readonly wire: Wire
  readonly contract: Contract
  readonly operatorKey: string
  readonly admin: Ask
  readonly as: (key: string) => Ask
}

export interface FacadeKey {
  readonly login: string
  readonly secret: string
}

export interface Scene {
  readonly world: World
  readonly shop: Furnished
  readonly stranger: Furnished
  readonly pool: Pool
  readonly facades: Readonly<Record<string, FacadeKey>>
  /** Pushes of the shop's supplier are signed with it. */
  readonly pushSecret: string
  /** Supplier whose protocol calls back. */
  readonly caller: { readonly id: string; readonly secret: string }
  /** What no answer may hold. */
  readonly secrets: readonly string[]
}

/** Part of each signature of that protocol. */
export const PARTNER = { appId: '1783283558647493', appSecret: 'app-secret-of-the-platform' }
/** More than there are: these orders can be cancelled, and are filled when cards come. */
const WAITING = [41, 42, 43]
const PROTOCOLS = ['acg-faka', 'dujiao-next', 'goofish', 'kasushou']
const CALLBACK_SECRET = 'callback-secret-0123456789abcdef'
const SUPPLIER_KEY = 'key-at-the-supplier-0123456789'

export async function setScene(world: World): Promise<Scene> {
  const { admin, as } = world
  const [shop, stranger] = [await furnish(admin, as), await furnish(admin, as)]
  const make = async (path: string, body?: unknown): Promise<Json> => {
    const reply = await admin('POST', path, body === undefined ? {} : { body })
    if (reply.status >= 300) throw new Error(`POST ${path}: ${reply.status} ${JSON.stringify(reply.body)}`)
    return reply.body
  }
  const config = { baseUrl: 'https://supplier.example.com', apiKey: SUPPLIER_KEY, callbackSecret: CALLBACK_SECRET }
  const caller = await make('/v1/admin/suppliers', { name: 'Calls back', adapter: 'example', config })
  const facades: Record<string, FacadeKey> = {}
  for (const protocol of PROTOCOLS) {
    const partner = protocol === 'goofish' ? { partner: PARTNER } : {}
    facades[protocol] = await make(`/v1/admin/resellers/${shop.ids['rsl']}/facade-credentials`, { protocol, name: 'shop', ...partner })
  }
  const { webhookSecret } = await make(`/v1/admin/suppliers/${shop.ids['sup']}/rotate-webhook-secret`)
  const source = { supplierId: shop.ids['sup'], productCode: 'P-1', unitCost: { amount: '0.50', currency: 'CNY' }, priority: 1, enabled: true }
  await admin('PUT', `/v1/admin/skus/${shop.ids['sku']}/sources`, { body: [source] })
  const pool = new Pool()
  for (const quantity of WAITING) {
    const waiting = await shop.reseller('POST', '/v1/orders', { body: { skuId: shop.ids['sku'], quantity, backorder: true } })
    pool.note(waiting.body)
  }
  const own = [world.operatorKey, shop.resellerKey, shop.supplierKey, stranger.resellerKey, stranger.supplierKey, webhookSecret]
  const secrets = [...own, CALLBACK_SECRET, SUPPLIER_KEY, PARTNER.appSecret, ...Object.values(facades).map(({ secret }) => secret)]
  return {
    world,
    shop,
    stranger,
    pool,
    facades,
    pushSecret: webhookSecret,
    caller: { id: caller.id, secret: CALLBACK_SECRET },
    secrets: secrets.map(secret => secret.replace(/^whsec_|^kh_(live|test)_/, ''))
  }
}
