/** SQL of what prices follow: the costs of a SKU with the rules that apply to it. */
import { type Queryable, statement } from '../kit/db/index.ts'
import type { Amount, Currency } from '../kit/money.ts'
import type { CostOffer, Pricing, Sourcing } from './markup.ts'
import { type StoredMarkup, toMarkup } from './stored-markup.ts'

const COSTS = statement(
  'source_costs',
  `
  SELECT s.id, s.currency, s.price, g.pricing, g.markup, g.margin_floor, g.max_cost,
    (SELECT json_agg(json_build_array(x.unit_cost::text, x.available, y.markup)) FROM sku_source x JOIN supplier y ON y.id = x.supplier_id
      WHERE x.sku_id = s.id AND x.enabled AND x.on_sale AND y.state = 'active') AS offers
  FROM sku s LEFT JOIN sku_sourcing g ON g.sku_id = s.id WHERE s.id = ANY($1::uuid[]) ORDER BY s.id`
)

interface CostsRow {
  id: string
  currency: string
  price: string
  pricing: Pricing | null
  markup: StoredMarkup | null
  margin_floor: string | null
  max_cost: string | null
  offers: [unitCost: string, available: number | null, markup: StoredMarkup | null][] | null
}

export interface SkuCosts {
  readonly skuId: string
  readonly currency: Currency
  /** The base price as it is. */
  readonly price: Amount
  readonly sourcing: Sourcing
  readonly offers: readonly CostOffer[]
}

export async function readCosts(db: Queryable, skuIds: readonly string[]): Promise<SkuCosts[]> {
  const rows = await db.query<CostsRow>(COSTS, [skuIds])
  return rows.map(row => ({
    skuId: row.id,
    currency: row.currency,
    price: BigInt(row.price),
    sourcing: {
      pricing: row.pricing ?? 'supplier',
      markup: toMarkup(row.markup),
      marginFloor: BigInt(row.margin_floor ?? 0),
      maxCost: row.max_cost === null ? null : BigInt(row.max_cost)
    },
    offers: (row.offers ?? []).map(([unitCost, available, markup]) => ({ unitCost: BigInt(unitCost), available, markup: toMarkup(markup) }))
  }))
}
