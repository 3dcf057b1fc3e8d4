import { fromApiSkuQuery, fromCursor, listSkuIdsOnSale, pageOf, SkuQuery } from '../../catalog/index.ts'
import { operation, pageLimit, Ref } from '../../http/index.ts'
import { toApiSku } from '../convert.ts'
import { SkuPage } from '../schemas.ts'
import { type App, buyerOf, type PricingDeps, READ, TAG } from './deps.ts'

export function listSkusRoute(app: App, { db, cursors, listings }: PricingDeps): void {
  app.route({
    method: 'GET',
    url: '/v1/skus',
    ...operation({
      id: 'listSkus',
      tag: TAG,
      summary: 'List the SKUs on sale, newest first',
      description: 'Find one by its `code`, or those of a product. What is paused is left out, so a page may hold less than `limit`.',
      access: READ,
      query: SkuQuery,
      response: { 200: Ref(SkuPage) }
    }),
    handler: async request => {
      const { query } = request
      const buyer = buyerOf(request)
      const list = `skus:${buyer.resellerId}`
      const limit = pageLimit(query)
      const before = fromCursor(cursors, list, query.cursor)
      const rows = await listSkuIdsOnSale(db, fromApiSkuQuery(query), { before, limit: limit + 1 })
      const { shown, nextCursor } = pageOf(cursors, list, rows, limit)
      const found = await listings.many(shown.map(({ id }) => id))
      const onSale = shown.flatMap(({ id }) => found.get(id) ?? []).filter(listing => listing.onSale)
      return { data: onSale.map(listing => toApiSku(listing, buyer)), nextCursor }
    }
  })
}
