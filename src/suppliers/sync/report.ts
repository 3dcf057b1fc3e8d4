/** What a supplier says of one of its products, by whatever way it came. Pure. */
import type { Money } from '../../kit/money.ts'
import type { SupplierProduct } from '../contract.ts'

export interface SourceReport {
  readonly supplierId: string
  readonly productCode: string
  /** The moment that it is of. What was said of a later one stands. */
  readonly at: Date
  /** Null: it says nothing of it. */
  readonly unitCost: Money | null
  /** Null: it says nothing of it; `available` null: it is not known how many there are. */
  readonly stock: { readonly available: number | null } | null
  readonly onSale: boolean | null
}

/** What a purchase leaves of what a supplier said it had. */
export interface Taken {
  readonly supplierId: string
  readonly productCode: string
  readonly quantity: number
  /** It did not have as many. */
  readonly wasShort: boolean
}

/** More than anybody orders; a larger number is another way of saying "enough". */
const AVAILABLE_MAX = 1_000_000_000

export const toReport = (supplierId: string, product: SupplierProduct, at: Date): SourceReport => ({
  supplierId,
  productCode: product.code,
  at,
  unitCost: { amount: product.unitCost, currency: product.currency },
  stock: { available: product.stock },
  onSale: product.onSale
})

export const availableOf = ({ stock }: SourceReport): number | null =>
  stock === null || stock.available === null ? null : Math.min(Math.max(0, Math.floor(stock.available)), AVAILABLE_MAX)

/** One for each product: the newest, and of two of one moment the last. */
export function newestOfEach(reports: readonly SourceReport[]): SourceReport[] {
  const newest = new Map<string, SourceReport>()
  for (const report of reports) {
    const key = `${report.supplierId}:${report.productCode}`
    const known = newest.get(key)
    if (known === undefined || known.at <= report.at) newest.set(key, report)
  }
  return [...newest.values()]
}
