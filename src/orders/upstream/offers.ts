/** What can be bought now, by SKU. Pure. */
import { type FindAdapter, type Offer, type readBuyableSources, withLimits } from '../../suppliers/index.ts'

/** Sources whose adapter is known here. */
export function toOffers(findAdapter: FindAdapter, sources: Awaited<ReturnType<typeof readBuyableSources>>): ReadonlyMap<string, readonly Offer[]> {
  const offers = sources.flatMap(source => {
    const adapter = findAdapter(source.adapter)
    return adapter === null ? [] : [{ ...source, adapter: withLimits(adapter, source.limits) }]
  })
  return Map.groupBy(offers, offer => offer.skuId)
}
