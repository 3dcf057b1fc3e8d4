import { operation, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiProduct } from '../convert.ts'
import { AdminProductSchema, ProductParams } from '../schemas.ts'
import { setProductState } from '../set-product-state.ts'
import { type App, type CatalogDeps, PRODUCTS, TAG, WRITE } from './deps.ts'

export function resumeProductRoute(app: App, deps: CatalogDeps): void {
  app.route({
    method: 'POST',
    url: `${PRODUCTS}/:id/resume`,
    ...operation({
      id: 'resumeProduct',
      tag: TAG,
      summary: 'Put a product back on sale',
      description: 'Its SKUs are sold again, except those that are paused themselves. Doing it again changes nothing.',
      access: WRITE,
      params: ProductParams,
      response: { 200: Ref(AdminProductSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params }) => toApiProduct(await setProductState(deps, { productId: fromApiId('product', params.id), state: 'active' }))
  })
}
