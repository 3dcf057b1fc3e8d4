/** Shops to buy from, made over the operator's API, and what was delivered from them. */
import { cardLines } from '../load/card-text.ts'
import { type Admin, inParallel } from './admin.ts'
import type { Kahub } from './kahub.ts'

const CREDIT = '1000000000.00'
/** One import request: well below what a seller would send at once. */
const IMPORT_MAX_CARDS = 250_000
/** Imports side by side must be small: the server takes few large ones at a time. */
const PARALLEL_IMPORT_MAX_CARDS = 600

export interface Shop {
  readonly kahub: Kahub
  readonly skuIds: readonly string[]
  readonly keys: readonly string[]
}

export interface ShopShape {
  readonly skus: number
  readonly resellers: number
}

/** Serial numbers are never used twice in a run, whatever the shop. */
let nextSerial = 1
let nextCode = 1

const text = (value: unknown): string => {
  if (typeof value !== 'string') throw new Error(`expected text, got ${JSON.stringify(value)}`)
  return value
}

export async function openShop(kahub: Kahub, shape: ShopShape): Promise<Shop> {
  const { admin } = kahub
  const product = await admin.call('POST', '/v1/admin/products', { body: { name: 'Bench', category: 'bench', kind: 'card' } })
  const skuIds = await inParallel(Array.from({ length: shape.skus }), () => createSku(admin, text(product['id'])))
  const keys = await inParallel(Array.from({ length: shape.resellers }), (_, index) => createReseller(admin, index))
  return { kahub, skuIds, keys }
}

async function createSku(admin: Admin, productId: string): Promise<string> {
  const body = { productId, code: `BENCH-${nextCode++}`, name: 'Bench key', price: { amount: '1.00', currency: 'CNY' } }
  return text((await admin.call('POST', '/v1/admin/skus', { body }))['id'])
}

async function createReseller(admin: Admin, index: number): Promise<string> {
  const id = text((await admin.call('POST', '/v1/admin/resellers', { body: { name: `Bench ${index}` } }))['id'])
  const { key } = await admin.call('POST', `/v1/admin/resellers/${id}/api-keys`, { body: { name: 'bench' } })
  await admin.call('POST', `/v1/admin/resellers/${id}/wallet/credits`, { body: { amount: { amount: CREDIT, currency: 'CNY' }, reason: 'bench' } })
  return text(key)
}

/** A text file of new keys, one a line. */
export function newCards(count: number): Buffer {
  const lines = cardLines(nextSerial, count)
  nextSerial += count
  return Buffer.from(lines, 'latin1')
}

export async function importCards(admin: Admin, skuId: string, count: number, atOnce = IMPORT_MAX_CARDS): Promise<void> {
  for (let left = count; left > 0; left -= atOnce) {
    const size = Math.min(left, atOnce)
    const report = await admin.call('POST', `/v1/admin/skus/${skuId}/card-batches`, { body: newCards(size) })
    if (report['accepted'] !== size) throw new Error(`an import accepted ${String(report['accepted'])} of ${size} keys`)
  }
}

/** Stocks what is missing to `count` cards for each SKU. */
export async function ensureStock({ kahub: { admin }, skuIds }: Shop, count: number): Promise<void> {
  const atOnce = skuIds.length === 1 ? IMPORT_MAX_CARDS : PARALLEL_IMPORT_MAX_CARDS
  await inParallel(skuIds, async skuId => {
    const { available } = await admin.call('GET', `/v1/admin/skus/${skuId}`)
    if (typeof available !== 'number') throw new Error(`SKU ${skuId} says nothing of its stock`)
    if (available < count) await importCards(admin, skuId, count - available, atOnce)
  })
}

export interface Deliveries {
  /** How many of these cards had been delivered before. */
  take(serials: Uint32Array): number
  readonly count: number
}

/** A bit for each card. */
export function createDeliveries(): Deliveries {
  let bits = new Uint8Array(1 << 20)
  let count = 0
  return {
    get count() {
      return count
    },
    take: serials => {
      let doubles = 0
      for (const serial of serials) {
        const at = serial >> 3
        if (at >= bits.length) {
          const larger = new Uint8Array(Math.max(at + 1, bits.length * 2))
          larger.set(bits)
          bits = larger
        }
        const mask = 1 << (serial & 7)
        if ((bits[at]! & mask) !== 0) doubles++
        else count++
        bits[at]! |= mask
      }
      return doubles
    }
  }
}
