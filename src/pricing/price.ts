/**
 * What a reseller pays, and which rule said so. Pure.
 * A private price beats a tier price beats the base price; within one set the largest minimum that the quantity reaches counts;
 * a set without a price for this quantity is passed over.
 */
import type { Listing, PriceRow } from '../catalog/index.ts'
import type { Amount, Currency } from '../kit/money.ts'

export const PRICE_SETS = ['base', 'tier', 'private'] as const

export type PriceSet = (typeof PRICE_SETS)[number]

export const PRICE_RULES = ['base', 'base_break', 'tier', 'tier_break', 'private', 'private_break', 'quote'] as const

export type PriceRule = (typeof PRICE_RULES)[number]

/** One set's price for the quantity; the last one of a price is applied, the others were beaten by it. */
export interface PricePart {
  readonly set: PriceSet
  readonly minQuantity: number
  readonly unitPrice: Amount
  readonly applied: boolean
}

export interface Price {
  readonly unitPrice: Amount
  readonly total: Amount
  readonly currency: Currency
  readonly rule: PriceRule
  readonly parts: readonly PricePart[]
}

/** Whom a price is for. */
export interface Buyer {
  readonly resellerId: string
  readonly tier: string | null
}

export type PricedListing = Pick<Listing, 'price' | 'prices' | 'currency'>

export interface PriceInput extends Buyer {
  readonly listing: PricedListing
  /** A whole number above zero. */
  readonly quantity: number
}

/** The price of a whole order. */
export function price({ listing, resellerId, tier, quantity }: PriceInput): Price {
  const found = findPrices(listing, { resellerId, tier }, quantity)
  const parts = found.map((part, index) => ({ ...part, applied: index === found.length - 1 }))
  const { set, minQuantity, unitPrice } = lastOf(found)
  return {
    unitPrice,
    total: unitPrice * BigInt(quantity),
    currency: listing.currency,
    rule: minQuantity > 1 ? `${set}_break` : set,
    parts
  }
}

export interface QuantityBreak {
  readonly minQuantity: number
  readonly unitPrice: Amount
}

/** What this buyer pays for one unit from each quantity on, as far as orders may go; the first is the smallest order. */
export function quantityBreaks(
  listing: PricedListing & Pick<Listing, 'minQuantity' | 'maxQuantity'>,
  buyer: Buyer
): [QuantityBreak, ...QuantityBreak[]] {
  const { minQuantity: smallest, maxQuantity: largest } = listing
  const starts = new Set<number>()
  for (const row of listing.prices) {
    if (row.minQuantity > smallest && row.minQuantity <= largest && setOf(row, buyer) !== null) starts.add(row.minQuantity)
  }
  const first = { minQuantity: smallest, unitPrice: lastOf(findPrices(listing, buyer, smallest)).unitPrice }
  const breaks: [QuantityBreak, ...QuantityBreak[]] = [first]
  let before = first.unitPrice
  for (const minQuantity of [...starts].sort((a, b) => a - b)) {
    const { unitPrice } = lastOf(findPrices(listing, buyer, minQuantity))
    if (unitPrice !== before) breaks.push({ minQuantity, unitPrice })
    before = unitPrice
  }
  return breaks
}

type Found = Omit<PricePart, 'applied'>

/** Each set's price for the quantity, the strongest set last. The base price counts as a base row from one unit. */
function findPrices(listing: PricedListing, buyer: Buyer, quantity: number): [Found, ...Found[]] {
  let base: Found = { set: 'base', minQuantity: 1, unitPrice: listing.price }
  let tier: Found | null = null
  let own: Found | null = null
  for (const row of listing.prices) {
    const set = row.minQuantity > quantity ? null : setOf(row, buyer)
    if (set === 'base') base = larger(base, row, set)
    else if (set === 'tier') tier = larger(tier, row, set)
    else if (set === 'private') own = larger(own, row, set)
  }
  return [base, ...(tier === null ? [] : [tier]), ...(own === null ? [] : [own])]
}

const larger = (known: Found | null, { minQuantity, unitPrice }: PriceRow, set: PriceSet): Found =>
  known !== null && known.minQuantity >= minQuantity ? known : { set, minQuantity, unitPrice }

/** The set that a row belongs to for this buyer; null: it is someone else's. */
function setOf(row: PriceRow, { resellerId, tier }: Buyer): PriceSet | null {
  if (row.resellerId !== null) return row.resellerId === resellerId ? 'private' : null
  if (row.tier !== null) return row.tier === tier ? 'tier' : null
  return 'base'
}

const lastOf = (found: [Found, ...Found[]]): Found => found.at(-1) ?? found[0]
