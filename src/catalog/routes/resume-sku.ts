import { operation, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiSku } from '../convert.ts'
import { AdminSkuSchema, SkuParams } from '../schemas.ts'
import { setSkuState } from '../set-sku-state.ts'
import { type App, type CatalogDeps, SKUS, TAG, WRITE } from './deps.ts'

export function resumeSkuRoute(app: App, deps: CatalogDeps): void {
  app.route({
    method: 'POST',
    url: `${SKUS}/:id/resume`,
    ...operation({
      id: 'resumeSku',
      tag: TAG,
      summary: 'Put a SKU back on sale',
      description: 'It is sold again if its product is active. Doing it again changes nothing.',
      access: WRITE,
      params: SkuParams,
      response: { 200: Ref(AdminSkuSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params }) => toApiSku(await setSkuState(deps, { skuId: fromApiId('sku', params.id), state: 'active' }))
  })
}
