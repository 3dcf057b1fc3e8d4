import { operation } from '../../http/index.ts'
import { notFound } from '../../kit/errors.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiPrice } from '../convert.ts'
import { findSku, listPrices } from '../repository.ts'
import { SkuParams, SkuPricesSchema } from '../schemas.ts'
import { type App, type CatalogDeps, READ, SKUS, TAG } from './deps.ts'

export function getPricesRoute(app: App, { db }: CatalogDeps): void {
  app.route({
    method: 'GET',
    url: `${SKUS}/:id/prices`,
    ...operation({
      id: 'getSkuPrices',
      tag: TAG,
      summary: 'Read the prices beside the base price',
      description: 'In the form in which they are put.',
      access: READ,
      params: SkuParams,
      response: { 200: SkuPricesSchema },
      errors: ['not_found']
    }),
    handler: async ({ params }) => {
      const sku = await findSku(db, fromApiId('sku', params.id))
      if (sku === null) throw notFound('sku')
      return (await listPrices(db, sku.id)).map(row => toApiPrice(row, sku.currency))
    }
  })
}
