import { operation, pageLimit, Ref } from '../../http/index.ts'
import { toApiProduct } from '../convert.ts'
import { fromCursor, pageOf } from '../page.ts'
import { listProducts } from '../repository.ts'
import { AdminProductPage, ProductQuery } from '../schemas.ts'
import { type App, type CatalogDeps, PRODUCTS, READ, TAG } from './deps.ts'

const LIST = 'admin-products'

export function listProductsRoute(app: App, { db, cursors }: CatalogDeps): void {
  app.route({
    method: 'GET',
    url: PRODUCTS,
    ...operation({
      id: 'listAdminProducts',
      tag: TAG,
      summary: 'List products, newest first',
      description: 'Paused ones too.',
      access: READ,
      query: ProductQuery,
      response: { 200: Ref(AdminProductPage) }
    }),
    handler: async ({ query }) => {
      const limit = pageLimit(query)
      const before = fromCursor(cursors, LIST, query.cursor)
      const rows = await listProducts(db, query, { before, limit: limit + 1 })
      const { shown, nextCursor } = pageOf(cursors, LIST, rows, limit)
      return { data: shown.map(toApiProduct), nextCursor }
    }
  })
}
