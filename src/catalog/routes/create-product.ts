import { operation, Ref } from '../../http/index.ts'
import { toApiProduct } from '../convert.ts'
import { createProduct } from '../create-product.ts'
import { AdminProductSchema, CreateProduct } from '../schemas.ts'
import { type App, type CatalogDeps, PRODUCTS, TAG, WRITE } from './deps.ts'

export function createProductRoute(app: App, { db }: CatalogDeps): void {
  app.route({
    method: 'POST',
    url: PRODUCTS,
    ...operation({
      id: 'createProduct',
      tag: TAG,
      summary: 'Add a product',
      description: 'It is on sale at once, with the SKUs that it gets.',
      access: WRITE,
      body: CreateProduct,
      response: { 201: Ref(AdminProductSchema) }
    }),
    handler: async ({ body: { name, category, kind, description = null } }, reply) =>
      reply.code(201).send(toApiProduct(await createProduct(db, { name, category, kind, description })))
  })
}
