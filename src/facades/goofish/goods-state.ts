/** What a subscriber is told of a piece of goods. */
import type { Listing } from '../../catalog/index.ts'
import { quantityBreaks } from '../../pricing/index.ts'
import { ceilCents } from '../cents.ts'
import { buyerOf } from '../goods.ts'
import type { FacadeLogin } from '../login.ts'
import type { Told } from './subscription-repository.ts'
import { CARDS, shownStock, TOP_UP } from './to-wire.ts'

const ON_SALE = 1
const OFF_SALE = 2

/** As it is for this shop now; what is no longer sold to it keeps its price. */
export function stateOf(listing: Listing | null, login: FacadeLogin, before: Told | null): Told {
  if (listing === null || !listing.onSale || listing.currency !== login.currency) {
    return { type: before?.type ?? CARDS, price: before?.price ?? 0, stock: 0, status: OFF_SALE }
  }
  const [{ unitPrice }] = quantityBreaks(listing, buyerOf(login))
  return {
    type: listing.kind === 'topup' ? TOP_UP : CARDS,
    price: Number(ceilCents(unitPrice)),
    stock: shownStock({ listing, unitPrice }),
    status: ON_SALE
  }
}

export const isSame = (a: Told, b: Told): boolean => a.price === b.price && a.stock === b.stock && a.status === b.status && a.type === b.type
