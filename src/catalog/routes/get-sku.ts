import { operation, Ref } from '../../http/index.ts'
import { notFound } from '../../kit/errors.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiSku } from '../convert.ts'
import { findSku } from '../repository.ts'
import { AdminSkuSchema, SkuParams } from '../schemas.ts'
import { type App, type CatalogDeps, READ, SKUS, TAG } from './deps.ts'

export function getSkuRoute(app: App, { db }: CatalogDeps): void {
  app.route({
    method: 'GET',
    url: `${SKUS}/:id`,
    ...operation({
      id: 'getAdminSku',
      tag: TAG,
      summary: 'Read a SKU',
      description: 'With its base price and the stock of this moment.',
      access: READ,
      params: SkuParams,
      response: { 200: Ref(AdminSkuSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params }) => {
      const sku = await findSku(db, fromApiId('sku', params.id))
      if (sku === null) throw notFound('sku')
      return toApiSku(sku)
    }
  })
}
