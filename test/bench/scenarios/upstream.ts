/** Slots for orders that are bought from a supplier at the moment of sale. Null until there are suppliers to buy from. */
import type { Scenario } from '../scenario.ts'

export const upstream: Scenario = {
  name: 'upstream',
  quick: true,
  run: async () => ({ ratios: { upstreamRate: null, upstreamP99: null }, comparisons: [], details: {}, charts: [], faults: [] })
}
