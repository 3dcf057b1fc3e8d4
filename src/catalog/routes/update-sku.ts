import { operation, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { fromApiSkuPatch, toApiSku } from '../convert.ts'
import { AdminSkuSchema, SkuParams, UpdateSku } from '../schemas.ts'
import { updateSku } from '../update-sku.ts'
import { type App, type CatalogDeps, SKUS, TAG, WRITE } from './deps.ts'

export function updateSkuRoute(app: App, deps: CatalogDeps): void {
  app.route({
    method: 'PATCH',
    url: `${SKUS}/:id`,
    ...operation({
      id: 'updateSku',
      tag: TAG,
      summary: 'Change a SKU',
      description: 'Absent fields stay as they are; null clears one. A new price holds for every order that is decided after it.',
      access: WRITE,
      params: SkuParams,
      body: UpdateSku,
      response: { 200: Ref(AdminSkuSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params, body }) => toApiSku(await updateSku(deps, { skuId: fromApiId('sku', params.id), patch: fromApiSkuPatch(body) }))
  })
}
