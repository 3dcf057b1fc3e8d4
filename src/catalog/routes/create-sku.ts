import { operation, Ref } from '../../http/index.ts'
import { fromApiSku, toApiSku } from '../convert.ts'
import { createSku } from '../create-sku.ts'
import { AdminSkuSchema, CreateSku } from '../schemas.ts'
import { type App, type CatalogDeps, SKUS, TAG, WRITE } from './deps.ts'

export function createSkuRoute(app: App, { db }: CatalogDeps): void {
  app.route({
    method: 'POST',
    url: SKUS,
    ...operation({
      id: 'createSku',
      tag: TAG,
      summary: 'Add a SKU to a product',
      description: 'Its price is the base price, for every reseller without a better rule. Its code, product and currency stay for ever.',
      access: WRITE,
      body: CreateSku,
      response: { 201: Ref(AdminSkuSchema) },
      errors: ['not_found', 'state_conflict']
    }),
    handler: async ({ body }, reply) => reply.code(201).send(toApiSku(await createSku(db, fromApiSku(body))))
  })
}
