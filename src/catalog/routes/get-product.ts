import { operation, Ref } from '../../http/index.ts'
import { notFound } from '../../kit/errors.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiProduct } from '../convert.ts'
import { findProduct } from '../repository.ts'
import { AdminProductSchema, ProductParams } from '../schemas.ts'
import { type App, type CatalogDeps, PRODUCTS, READ, TAG } from './deps.ts'

export function getProductRoute(app: App, { db }: CatalogDeps): void {
  app.route({
    method: 'GET',
    url: `${PRODUCTS}/:id`,
    ...operation({
      id: 'getAdminProduct',
      tag: TAG,
      summary: 'Read a product',
      description: 'Without its SKUs: list those by `productId`.',
      access: READ,
      params: ProductParams,
      response: { 200: Ref(AdminProductSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params }) => {
      const product = await findProduct(db, fromApiId('product', params.id))
      if (product === null) throw notFound('product')
      return toApiProduct(product)
    }
  })
}
