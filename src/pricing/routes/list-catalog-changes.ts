import { FEED_START } from '../../catalog/index.ts'
import { operation, pageLimit, Ref } from '../../http/index.ts'
import { invalid } from '../../kit/errors.ts'
import { toApiId } from '../../kit/ids.ts'
import { fromCursorValues, toApiSku, toCursorValues } from '../convert.ts'
import { CatalogChangePage, CatalogChangesQuery } from '../schemas.ts'
import { type App, buyerOf, type PricingDeps, READ, TAG } from './deps.ts'

const DESCRIPTION =
  'For shops that keep a copy of the catalog. Begin with `from=now`, then read the catalog once, then ask again and again with the ' +
  '`nextCursor` of the answer before: it is always given, also when nothing is new, and never expires. An older change of a SKU is dropped ' +
  'some minutes after a newer one of the same kind. A change appears within about a second of its cause.'

export function listCatalogChangesRoute(app: App, { cursors, listings, feed }: PricingDeps): void {
  app.route({
    method: 'GET',
    url: '/v1/catalog/changes',
    ...operation({
      id: 'listCatalogChanges',
      tag: TAG,
      summary: 'Follow price, stock and listing changes, oldest first',
      description: DESCRIPTION,
      access: READ,
      query: CatalogChangesQuery,
      response: { 200: Ref(CatalogChangePage) }
    }),
    handler: async request => {
      const { query } = request
      const buyer = buyerOf(request)
      const list = `catalog-changes:${buyer.resellerId}`
      if (query.cursor !== undefined && query.from !== undefined) throw invalid('/query/from', 'must not be given with a cursor')
      const start = query.from === 'now' ? await feed.end() : FEED_START
      const after = query.cursor === undefined ? start : fromCursorValues(cursors.decode(list, query.cursor))
      const { changes, next, readAt } = await feed.read(after, pageLimit(query))
      const nextCursor = changes.length === 0 && query.cursor !== undefined ? query.cursor : cursors.encode(list, toCursorValues(next))
      const found = await listings.many(
        changes.map(({ skuId }) => skuId),
        readAt
      )
      const data = changes.flatMap(({ skuId, kind, at }) => {
        const listing = found.get(skuId)
        return listing === undefined ? [] : [{ skuId: toApiId('sku', skuId), kind, timestamp: at.toISOString(), sku: toApiSku(listing, buyer) }]
      })
      return { data, nextCursor }
    }
  })
}
