import { operation, Ref } from '../../http/index.ts'
import { notFound } from '../../kit/errors.ts'
import { fromApiId } from '../../kit/ids.ts'
import { fromApiSourcing, toApiSourcing } from '../convert.ts'
import { putSourcing } from '../put-sourcing.ts'
import { sourceParams } from '../schemas.ts'
import { readSourcing } from '../source-repository.ts'
import { PutSkuSourcing, SkuSourcingSchema } from '../sourcing-schemas.ts'
import type { SupplierRoute } from './deps.ts'

const URL = '/v1/admin/skus/:id/sourcing'
const TAG = 'Operator: catalog'

export const putSourcingRoute: SupplierRoute = (app, deps) => {
  app.route({
    method: 'PUT',
    url: URL,
    ...operation({
      id: 'putSkuSourcing',
      tag: TAG,
      summary: 'Say how the price of a SKU follows its costs, and what may be paid for it',
      description:
        'The whole rule; what is not named goes back to its default: no markup of its own, no floor, no limit. Prices of tiers and resellers do not ' +
        'follow. A base price that is set by hand stands until the next cost moves, unless `pricing` is `off`.',
      access: { role: 'operator', scope: 'catalog:write' },
      params: sourceParams,
      body: PutSkuSourcing,
      response: { 200: Ref(SkuSourcingSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params, body }) => {
      const { sourcing, currency } = await putSourcing(deps, fromApiId('sku', params.id), fromApiSourcing(body))
      return toApiSourcing(sourcing, currency)
    }
  })
}

export const getSourcingRoute: SupplierRoute = (app, deps) => {
  app.route({
    method: 'GET',
    url: URL,
    ...operation({
      id: 'getSkuSourcing',
      tag: TAG,
      summary: 'Read how the price of a SKU follows its costs',
      access: { role: 'operator', scope: 'catalog:read' },
      params: sourceParams,
      response: { 200: Ref(SkuSourcingSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params }) => {
      const skuId = fromApiId('sku', params.id)
      const listing = await deps.listings.get(skuId)
      if (listing === null) throw notFound('SKU')
      return toApiSourcing(await readSourcing(deps.db, skuId), listing.currency)
    }
  })
}
