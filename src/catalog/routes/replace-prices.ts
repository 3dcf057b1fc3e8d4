import { operation } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { fromApiPrice, toApiPrice } from '../convert.ts'
import { replacePrices } from '../replace-prices.ts'
import { PutSkuPrices, SkuParams, SkuPricesSchema } from '../schemas.ts'
import { type App, type CatalogDeps, SKUS, TAG, WRITE } from './deps.ts'

export function replacePricesRoute(app: App, deps: CatalogDeps): void {
  app.route({
    method: 'PUT',
    url: `${SKUS}/:id/prices`,
    ...operation({
      id: 'replaceSkuPrices',
      tag: TAG,
      summary: 'Replace the prices beside the base price',
      description:
        'All at once; an empty list leaves the base price alone. A private price beats a tier price beats the base price; among prices ' +
        'of the same buyers the one with the largest `minQuantity` that the order reaches counts.',
      access: WRITE,
      params: SkuParams,
      body: PutSkuPrices,
      response: { 200: SkuPricesSchema },
      errors: ['not_found']
    }),
    handler: async ({ params, body }) => {
      const { rows, currency } = await replacePrices(deps, { skuId: fromApiId('sku', params.id), prices: body.map(fromApiPrice) })
      return rows.map(row => toApiPrice(row, currency))
    }
  })
}
