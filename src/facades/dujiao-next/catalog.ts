import { readWallet } from '../../wallet/index.ts'
import { floorCents, toCents } from '../cents.ts'
import { findNumbered, type Goods, type GoodsDeps, listGoods, readGoods } from '../goods.ts'
import type { FacadeLogin } from '../login.ts'
import { offersOf } from '../offer.ts'
import { Refusal } from './refusal.ts'
import { toCategories, toProduct } from './to-wire.ts'

const SITE_NAME = 'kahub'
const PROTOCOL_VERSION = '1.0'
const PAGE_SIZE_DEFAULT = 20
const PAGE_SIZE_MAX = 100

export async function ping({ db }: GoodsDeps, login: FacadeLogin): Promise<object> {
  const { available } = await readWallet(db, login.resellerId, login.currency)
  return {
    ok: true,
    site_name: SITE_NAME,
    protocol_version: PROTOCOL_VERSION,
    user_id: Number(BigInt(`0x${login.resellerId.replaceAll('-', '').slice(-12)}`)),
    balance: toCents(floorCents(available) * 100n),
    currency: login.currency,
    member_level: null
  }
}

export const categories = async (deps: GoodsDeps, login: FacadeLogin): Promise<object> => ({
  ok: true,
  categories: toCategories(await listGoods(deps, login))
})

/** The query is not signed: what cannot be read counts as the default. */
function numberIn(value: unknown, fallback: number, max: number): number {
  const number = typeof value === 'string' && /^[1-9][0-9]{0,8}$/.test(value) ? Number(value) : fallback
  return Math.min(number, max)
}

export async function products(deps: GoodsDeps, login: FacadeLogin, query: Readonly<Record<string, unknown>>): Promise<object> {
  const page = numberIn(query['page'], 1, 1_000_000)
  const size = numberIn(query['page_size'], PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)
  const all = await listGoods(deps, login)
  const shown = all.slice((page - 1) * size, page * size)
  return { ok: true, items: await toProducts(deps, shown), total: all.length, page, page_size: size }
}

async function toProducts(deps: GoodsDeps, goods: readonly Goods[]): Promise<object[]> {
  const offers = Map.groupBy(await offersOf(deps, goods), each => each.goods)
  return goods.map(each => toProduct(each, offers.get(each) ?? []))
}

export async function product(deps: GoodsDeps, login: FacadeLogin, number: string): Promise<object> {
  const name = /^[1-9][0-9]{0,14}$/.test(number) ? await findNumbered(deps, Number(number)) : null
  const goods = name === null || name.skuId !== null ? null : await readGoods(deps, login, name)
  if (goods === null) throw new Refusal('product_not_found', 'product not found')
  if (goods.variants.length === 0) throw new Refusal('product_unavailable', 'product is not available')
  const [shown] = await toProducts(deps, [goods])
  return { ok: true, product: shown }
}
