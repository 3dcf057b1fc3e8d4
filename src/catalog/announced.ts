/** What resellers were last told of a SKU, and what its present makes of it. Pure. */
import { toApiId } from '../kit/ids.ts'
import type { Audience, Broadcast, OutboxEvent } from '../kit/outbox.ts'
import { type ListingData, supplyAt } from './listing.ts'
import type { PriceRow } from './price-rows.ts'

export type StockLevel = 'out' | 'low' | 'in'

/** The base prices, those of each tier and those of each reseller, in short. */
export interface PriceLists {
  readonly base: string
  readonly tiers: Readonly<Record<string, string>>
  readonly resellers: Readonly<Record<string, string>>
}

export interface Announced {
  readonly skuId: string
  readonly level: StockLevel
  /** Null: not known. */
  readonly prices: PriceLists | null
  /** How long until its stock may be announced again; zero or less: at once. */
  readonly quietMs: number
}

export interface Announcement {
  readonly broadcasts: readonly Broadcast[]
  /** Private prices are told to their reseller only. */
  readonly events: readonly OutboxEvent[]
  readonly after: {
    readonly skuId: string
    readonly level: StockLevel
    readonly prices: PriceLists
    readonly stockAnnounced: boolean
    /** Null: it need not be looked at again. */
    readonly dueInMs: number | null
  }
}

const PRICE_EVENT = 'price.changed'

type StockEventType = 'stock.low' | 'stock.out' | 'stock.in'

export function levelOf({ available, lowStockThreshold }: Pick<ListingData, 'available' | 'lowStockThreshold'>): StockLevel {
  if (available === 0) return 'out'
  return available <= lowStockThreshold ? 'low' : 'in'
}

/** Sources at the base price count like own stock; one that does not say how much it has is enough. */
function stockOf(listing: ListingData): { readonly available: number; readonly level: StockLevel } {
  const supply = supplyAt(listing, listing.price)
  const available = listing.available + supply.available
  return { available, level: supply.isOpen ? 'in' : levelOf({ ...listing, available }) }
}

/** A SKU that comes back with few is both: whoever only asks for `stock.low` hears of it too. */
export function stockEvents(before: StockLevel, now: StockLevel): readonly StockEventType[] {
  if (before === now) return []
  if (now === 'out') return ['stock.out']
  if (now === 'in') return ['stock.in']
  return before === 'out' ? ['stock.in', 'stock.low'] : ['stock.low']
}

const inShort = (rows: readonly PriceRow[]): string =>
  rows
    .toSorted((a, b) => a.minQuantity - b.minQuantity)
    .map(({ minQuantity, unitPrice }) => `${minQuantity}:${unitPrice}`)
    .join(' ')

const listsBy = (rows: readonly PriceRow[], nameOf: (row: PriceRow) => string | null): Record<string, string> => {
  const groups = Map.groupBy(
    rows.filter(row => nameOf(row) !== null),
    nameOf
  )
  return Object.fromEntries([...groups].map(([name, group]) => [name, inShort(group)]))
}

export const priceListsOf = ({ price, prices }: Pick<ListingData, 'price' | 'prices'>): PriceLists => ({
  base: `${price} ${inShort(prices.filter(({ tier, resellerId }) => tier === null && resellerId === null))}`,
  tiers: listsBy(prices, row => row.tier),
  resellers: listsBy(prices, row => row.resellerId)
})

interface PriceAudiences {
  readonly audiences: readonly Audience[]
  readonly resellerIds: readonly string[]
}

const NOBODY: PriceAudiences = { audiences: [], resellerIds: [] }
const EVERYBODY: PriceAudiences = { audiences: ['all'], resellerIds: [] }

const differing = (before: Readonly<Record<string, string>>, now: Readonly<Record<string, string>>): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(now)])].filter(name => before[name] !== now[name])

/** Who may have to pay another price than before. A base price concerns everybody: nobody's own prices need cover every quantity. */
export function priceAudiences(before: PriceLists | null, now: PriceLists): PriceAudiences {
  if (before === null || before.base !== now.base) return EVERYBODY
  const tiers = differing(before.tiers, now.tiers)
  const resellerIds = differing(before.resellers, now.resellers)
  return tiers.length + resellerIds.length === 0 ? NOBODY : { audiences: tiers.map(tier => `tier:${tier}` as const), resellerIds }
}

/**
 * What is to be told of a SKU that is on sale. `known` undefined: it is new; its stock is told, its first price is not a change.
 * Stock that moves to and fro is told once in `gapMs`, and then as it is.
 */
export function announce(listing: ListingData, known: Announced | undefined, gapMs: number): Announcement {
  const { level, available } = stockOf(listing)
  const prices = priceListsOf(listing)
  const before = known?.level ?? 'out'
  const isQuiet = (known?.quietMs ?? 0) > 0
  const types = isQuiet ? [] : stockEvents(before, level)
  const { audiences, resellerIds } = known === undefined ? NOBODY : priceAudiences(known.prices, prices)
  const about = { skuId: toApiId('sku', listing.skuId), productId: toApiId('product', listing.productId), code: listing.code }
  const subjectId = listing.skuId
  return {
    broadcasts: [
      ...types.map(type => ({ type, audience: 'all' as const, subjectId, data: { ...about, available } })),
      ...audiences.map(audience => ({ type: PRICE_EVENT, audience, subjectId, data: about }))
    ],
    events: resellerIds.map(resellerId => ({ type: PRICE_EVENT, resellerId, subjectId, data: about })),
    after: {
      skuId: listing.skuId,
      level: isQuiet ? before : level,
      prices,
      stockAnnounced: types.length > 0,
      dueInMs: isQuiet && before !== level ? (known?.quietMs ?? gapMs) : null
    }
  }
}
