/** How a sale price follows what a unit costs. Pure. */
import type { Amount, Currency } from '../kit/money.ts'

export interface Markup {
  /** In hundredths of a percent of the cost. */
  readonly percent: number
  /** Added to the cost of each unit. */
  readonly fixed: Amount
  /** The price is a multiple of it, rounded up. */
  readonly roundTo: Amount
  readonly minimum: Amount
  /** Of the amounts; null: there are none but zero, and the rule fits any currency. */
  readonly currency: Currency | null
}

/** `own`: by the SKU's rule; `supplier`: by the rule of the supplier that is cheapest, if it has one; `off`: as the operator set it. */
export const PRICINGS = ['off', 'own', 'supplier'] as const

export type Pricing = (typeof PRICINGS)[number]

/** What a SKU's price must leave, what it may cost, and what it follows. */
export interface Sourcing {
  readonly pricing: Pricing
  readonly markup: Markup | null
  readonly marginFloor: Amount
  readonly maxCost: Amount | null
}

export const NO_SOURCING: Sourcing = { pricing: 'supplier', markup: null, marginFloor: 0n, maxCost: null }

/** One cent: a price with more decimals than buyers can pay is only asked for. */
export const ROUND_TO_DEFAULT: Amount = 100n
const PERCENT_SCALE = 10_000n

/** A place where a unit can be had now, with the rule of its supplier. */
export interface CostOffer {
  readonly unitCost: Amount
  /** Null: unknown. */
  readonly available: number | null
  readonly markup: Markup | null
}

/** The price that the costs ask for; null: it stays as it is. */
export function followedPrice(offers: readonly CostOffer[], sourcing: Sourcing, currency: Currency): Amount | null {
  const { pricing, maxCost } = sourcing
  if (pricing === 'off') return null
  // Nothing is free: a cost of zero is a mistake of the supplier, and would make our price one.
  const possible = offers.filter(({ unitCost, available }) => unitCost > 0n && available !== 0 && (maxCost === null || unitCost <= maxCost))
  const [cheapest] = possible.toSorted((a, b) => (a.unitCost < b.unitCost ? -1 : a.unitCost > b.unitCost ? 1 : 0))
  if (cheapest === undefined) return null
  const markup = pricing === 'own' ? sourcing.markup : cheapest.markup
  if (markup === null || (markup.currency !== null && markup.currency !== currency)) return null
  return priceOf(cheapest.unitCost, markup, sourcing.marginFloor)
}

function priceOf(cost: Amount, { percent, fixed, roundTo, minimum }: Markup, marginFloor: Amount): Amount {
  const marked = cost + ceilDivide(cost * BigInt(percent), PERCENT_SCALE) + fixed
  const wanted = [marked, cost + marginFloor, minimum].reduce((most, each) => (each > most ? each : most))
  return ceilDivide(wanted, roundTo) * roundTo
}

const ceilDivide = (amount: Amount, by: Amount): Amount => (amount + by - 1n) / by
