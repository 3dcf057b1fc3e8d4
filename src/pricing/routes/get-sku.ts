import { SkuParams } from '../../catalog/index.ts'
import { operation, Ref } from '../../http/index.ts'
import { notFound } from '../../kit/errors.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiSku } from '../convert.ts'
import { SkuSchema } from '../schemas.ts'
import { type App, buyerOf, type PricingDeps, READ, TAG } from './deps.ts'

export function getSkuRoute(app: App, { listings }: PricingDeps): void {
  app.route({
    method: 'GET',
    url: '/v1/skus/:id',
    ...operation({
      id: 'getSku',
      tag: TAG,
      summary: 'Read a SKU: your price, stock, limits, input',
      description: 'At most half a second old. Orders are decided on the price and stock of their own moment.',
      access: READ,
      params: SkuParams,
      response: { 200: Ref(SkuSchema) },
      errors: ['not_found']
    }),
    handler: async request => {
      const listing = await listings.get(fromApiId('sku', request.params.id))
      if (listing === null) throw notFound('sku')
      return toApiSku(listing, buyerOf(request))
    }
  })
}
