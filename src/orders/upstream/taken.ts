/** What purchases leave of what suppliers said they had. Pure. */
import type { Taken } from '../../suppliers/index.ts'
import type { Purchase } from './decide-purchase.ts'

/** Only of sources that say how much they have, or had not enough of it. */
export const takenBy = (purchases: readonly Purchase[]): Taken[] =>
  purchases.flatMap(({ applied, decision }) => [
    ...(decision?.attempts ?? []).flatMap(({ offer: { supplierId, productCode, available }, positions }) =>
      available === null ? [] : [{ supplierId, productCode, quantity: positions.length, wasShort: false }]
    ),
    ...applied.flatMap(({ attempt: { supplierId, productCode, units }, refusal }) =>
      refusal === 'out_of_stock' ? [{ supplierId, productCode, quantity: units.length, wasShort: true }] : []
    )
  ])
