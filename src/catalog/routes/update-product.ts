import { operation, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiProduct } from '../convert.ts'
import { AdminProductSchema, ProductParams, UpdateProduct } from '../schemas.ts'
import { updateProduct } from '../update-product.ts'
import { type App, type CatalogDeps, PRODUCTS, TAG, WRITE } from './deps.ts'

export function updateProductRoute(app: App, deps: CatalogDeps): void {
  app.route({
    method: 'PATCH',
    url: `${PRODUCTS}/:id`,
    ...operation({
      id: 'updateProduct',
      tag: TAG,
      summary: 'Change a product',
      description: 'Absent fields stay as they are; null clears the description.',
      access: WRITE,
      params: ProductParams,
      body: UpdateProduct,
      response: { 200: Ref(AdminProductSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params, body }) => toApiProduct(await updateProduct(deps, { productId: fromApiId('product', params.id), patch: body }))
  })
}
