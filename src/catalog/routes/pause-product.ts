import { operation, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiProduct } from '../convert.ts'
import { AdminProductSchema, ProductParams } from '../schemas.ts'
import { setProductState } from '../set-product-state.ts'
import { type App, type CatalogDeps, PRODUCTS, TAG, WRITE } from './deps.ts'

export function pauseProductRoute(app: App, deps: CatalogDeps): void {
  app.route({
    method: 'POST',
    url: `${PRODUCTS}/:id/pause`,
    ...operation({
      id: 'pauseProduct',
      tag: TAG,
      summary: 'Take a product off sale',
      description: 'All its SKUs are off sale with it, at once: no order that is decided later is accepted. Doing it again changes nothing.',
      access: WRITE,
      params: ProductParams,
      response: { 200: Ref(AdminProductSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params }) => toApiProduct(await setProductState(deps, { productId: fromApiId('product', params.id), state: 'paused' }))
  })
}
