import { operation, pageLimit, Ref } from '../../http/index.ts'
import { fromApiSkuQuery, toApiSku } from '../convert.ts'
import { fromCursor, pageOf } from '../page.ts'
import { listSkus } from '../repository.ts'
import { AdminSkuPage, SkuQuery } from '../schemas.ts'
import { type App, type CatalogDeps, READ, SKUS, TAG } from './deps.ts'

const LIST = 'admin-skus'

export function listSkusRoute(app: App, { db, cursors }: CatalogDeps): void {
  app.route({
    method: 'GET',
    url: SKUS,
    ...operation({
      id: 'listAdminSkus',
      tag: TAG,
      summary: 'List SKUs, newest first',
      description: 'Paused ones too. Find one by its `code`.',
      access: READ,
      query: SkuQuery,
      response: { 200: Ref(AdminSkuPage) }
    }),
    handler: async ({ query }) => {
      const limit = pageLimit(query)
      const before = fromCursor(cursors, LIST, query.cursor)
      const rows = await listSkus(db, fromApiSkuQuery(query), { before, limit: limit + 1 })
      const { shown, nextCursor } = pageOf(cursors, LIST, rows, limit)
      return { data: shown.map(toApiSku), nextCursor }
    }
  })
}
