import { operation } from '../../http/index.ts'
import { notFound } from '../../kit/errors.ts'
import { fromApiId } from '../../kit/ids.ts'
import { fromApiSource, toApiSource } from '../convert.ts'
import { replaceSources } from '../replace-sources.ts'
import { ReplaceSources, SkuSources, sourceParams } from '../schemas.ts'
import { listSources } from '../source-repository.ts'
import type { SupplierRoute } from './deps.ts'

const URL = '/v1/admin/skus/:id/sources'
const TAG = 'Operator: catalog'

export const replaceSourcesRoute: SupplierRoute = (app, deps) => {
  app.route({
    method: 'PUT',
    url: URL,
    ...operation({
      id: 'replaceSkuSources',
      tag: TAG,
      summary: 'Say where a SKU can be bought',
      description:
        'The whole list; what is not named is gone. What own stock lacks of an order is bought from the enabled source of the lowest priority ' +
        'whose cost leaves the margin floor; what that one lacks, and all after a definite refusal, from the next. Costs and stock are then read ' +
        'from the supplier again and again (`syncSeconds`).',
      access: { role: 'operator', scope: 'catalog:write' },
      params: sourceParams,
      body: ReplaceSources,
      response: { 200: SkuSources },
      errors: ['not_found']
    }),
    handler: async ({ params, body }) => {
      const skuId = fromApiId('sku', params.id)
      const { sources, currency } = await replaceSources(deps, skuId, body.map(fromApiSource))
      return sources.map(source => toApiSource(source, currency))
    }
  })
}

export const getSourcesRoute: SupplierRoute = (app, deps) => {
  app.route({
    method: 'GET',
    url: URL,
    ...operation({
      id: 'listSkuSources',
      tag: TAG,
      summary: 'List where a SKU can be bought, in the order in which it is asked',
      access: { role: 'operator', scope: 'catalog:read' },
      params: sourceParams,
      response: { 200: SkuSources },
      errors: ['not_found']
    }),
    handler: async ({ params }) => {
      const skuId = fromApiId('sku', params.id)
      const listing = await deps.listings.get(skuId)
      if (listing === null) throw notFound('SKU')
      return (await listSources(deps.db, skuId)).map(source => toApiSource(source, listing.currency))
    }
  })
}
