/** SKUs one by one, for protocols that sell by the number of a SKU. */
import { supplyAt } from '../catalog/index.ts'
import { findNumbered, type Goods, type GoodsDeps, readGoods } from './goods.ts'
import type { FacadeLogin } from './login.ts'
import { numbersOf } from './number-repository.ts'
import type { Variant } from './variant.ts'

export interface Offer {
  readonly goods: Goods
  readonly variant: Variant
  readonly number: number
}

export async function offersOf({ db }: GoodsDeps, goods: readonly Goods[]): Promise<Offer[]> {
  const pairs = goods.flatMap(each => each.variants.map(variant => ({ goods: each, variant })))
  const numbers = await numbersOf(
    db,
    pairs.map(({ variant }) => variant.listing.skuId)
  )
  return pairs.map(pair => ({ ...pair, number: numbers.get(pair.variant.listing.skuId) ?? 0 }))
}

/** Null: no such SKU, or it is not for this shop or not on sale. */
export async function findOffer(deps: GoodsDeps, login: FacadeLogin, number: number): Promise<Offer | null> {
  const name = Number.isSafeInteger(number) && number > 0 ? await findNumbered(deps, number) : null
  const goods = name === null || name.skuId === null ? null : await readGoods(deps, login, name)
  const [variant] = goods?.variants ?? []
  return goods === null || variant === undefined ? null : { goods, variant, number }
}

/** The name of one SKU where there is no product above it. */
export const titleOf = ({ goods, variant }: Offer): string =>
  variant.race === '' || variant.race === goods.product.name ? goods.product.name : `${goods.product.name} ${variant.race}`

/** A supplier that does not say how much it has. */
export const NO_LIMIT = -1

/** What can be bought now: own stock, and what suppliers have at a cost that leaves the margin. */
export function stockOf({ listing, unitPrice }: Pick<Variant, 'listing' | 'unitPrice'>): number {
  const { available, isOpen } = supplyAt(listing, unitPrice)
  return isOpen ? NO_LIMIT : listing.available + available
}
