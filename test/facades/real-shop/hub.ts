/** A kahub that can be killed and started again, and what an operator sets up in it. */
import { join } from 'node:path'
import type { Json } from '../../support/app.ts'
import { type RunningServer, startServer } from '../../support/server.ts'
import { cny, createReseller, expectStatus, importKeys } from '../../support/shop.ts'
import { type AcgCredential, issue } from '../acg-shop.ts'

const ADMIN = 'real-shop-operator-key-0123456789'

export interface SkuPlan {
  readonly name: string
  readonly price: string
  readonly keys: readonly string[]
  readonly kind?: object
  readonly more?: object
}

export interface Hub {
  readonly base: () => string
  readonly admin: Parameters<typeof issue>[0]
  readonly as: (key: string) => Parameters<typeof issue>[0]
  readonly kill: () => Promise<void>
  /** With a failpoint it ends there by itself, as `kill -9` does. */
  readonly restart: (failpoint?: string) => Promise<void>
  readonly terminate: () => Promise<void>
}

export async function startHub(dir: string): Promise<Hub> {
  const env = { KAHUB_DATA_DIR: join(dir, 'kahub'), KAHUB_ADMIN_KEY: ADMIN, KAHUB_ALLOW_PRIVATE_TARGETS: 'true' }
  const start = (more: Readonly<Record<string, string>> = {}): Promise<RunningServer> => startServer({ ...env, ...more })
  let server = await start()
  const as: Hub['as'] = key => async (method, path, options) => {
    const { status, body } = await server.as(key)(method, path, options)
    return { status, body, headers: {} }
  }
  return {
    base: () => server.base,
    admin: as(ADMIN),
    as,
    kill: () => server.kill(),
    restart: async failpoint => {
      server = await start(failpoint === undefined ? {} : { KAHUB_FAILPOINT: failpoint })
    },
    terminate: async () => void (await server.terminate())
  }
}

export interface HubReseller {
  readonly id: string
  readonly credential: AcgCredential
  readonly orders: () => Promise<Json[]>
  readonly balance: () => Promise<string>
}

export async function newReseller({ admin, as }: Hub, credit: string): Promise<HubReseller> {
  const { id, call } = await createReseller({ admin, as }, { credit })
  return {
    id,
    credential: await issue(admin, id),
    orders: async () => {
      const all: Json[] = []
      let cursor: string | null = null
      do {
        const page: Json = await expectStatus(200, call('GET', `/v1/orders?limit=100${cursor === null ? '' : `&cursor=${cursor}`}`))
        all.push(...page.data)
        cursor = page.nextCursor
      } while (cursor !== null)
      return all
    },
    balance: async () => (await expectStatus(200, call('GET', '/v1/wallet'))).available.amount
  }
}

/** Its product's id, as shops see it. */
export async function newProduct({ admin }: Hub, name: string, skus: readonly SkuPlan[]): Promise<{ code: string; skuIds: string[] }> {
  const { id } = await expectStatus(201, admin('POST', '/v1/admin/products', { body: { name, category: '游戏点卡', kind: 'card' } }))
  const skuIds: string[] = []
  for (const [index, plan] of skus.entries()) {
    const body = { productId: id, code: `${name.replaceAll(' ', '-')}-${index}`, name: plan.name, price: cny(plan.price), ...plan.more }
    const sku = await expectStatus(201, admin('POST', '/v1/admin/skus', { body }))
    if (plan.keys.length > 0) await importKeys({ admin }, sku.id, plan.keys)
    if (plan.kind !== undefined) await expectStatus(200, admin('PUT', `/v1/admin/skus/${sku.id}/kind`, { body: plan.kind }))
    skuIds.push(sku.id)
  }
  return { code: id, skuIds }
}

export const keysOf = (tag: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${tag}-${String(n).padStart(4, '0')}`)
