import { fromCursor, ProductQuery } from '../../catalog/index.ts'
import { operation, pageLimit, Ref } from '../../http/index.ts'
import { toApiProduct } from '../convert.ts'
import { ProductPage } from '../schemas.ts'
import { readShelf } from '../shelf.ts'
import { type App, buyerOf, type PricingDeps, READ, TAG } from './deps.ts'

export function listProductsRoute(app: App, { db, cursors, listings }: PricingDeps): void {
  app.route({
    method: 'GET',
    url: '/v1/products',
    ...operation({
      id: 'listProducts',
      tag: TAG,
      summary: 'List the products on sale with their SKUs, newest first',
      description: 'A page ends early when its products have very many SKUs; go on while there is a `nextCursor`.',
      access: READ,
      query: ProductQuery,
      response: { 200: Ref(ProductPage) }
    }),
    handler: async request => {
      const { query } = request
      const buyer = buyerOf(request)
      const list = `products:${buyer.resellerId}`
      const page = { before: fromCursor(cursors, list, query.cursor), limit: pageLimit(query) }
      const { items, next } = await readShelf({ db, listings }, { category: query.category, kind: query.kind }, page)
      return {
        data: items.map(item => toApiProduct(item.product, item.listings, buyer)),
        nextCursor: next === null ? null : cursors.encode(list, [next])
      }
    }
  })
}
