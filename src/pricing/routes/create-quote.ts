import { operation, Ref } from '../../http/index.ts'
import { fromBodySkuId, toApiQuote } from '../convert.ts'
import { createQuote } from '../create-quote.ts'
import { CreateQuote, QuoteSchema } from '../schemas.ts'
import { type App, buyerOf, ORDER, type PricingDeps, TAG } from './deps.ts'

export function createQuoteRoute(app: App, deps: PricingDeps): void {
  app.route({
    method: 'POST',
    url: '/v1/quotes',
    ...operation({
      id: 'createQuote',
      tag: TAG,
      summary: 'Hold the price of a quantity',
      description: 'For ten minutes, whatever becomes of the list price. Stock is not held. No money moves.',
      access: ORDER,
      body: CreateQuote,
      response: { 201: Ref(QuoteSchema) },
      errors: ['not_found', 'sku_unavailable']
    }),
    handler: async (request, reply) => {
      const { skuId, quantity } = request.body
      const quote = await createQuote(deps, { buyer: buyerOf(request), skuId: fromBodySkuId(skuId), quantity })
      return reply.code(201).send(toApiQuote(quote))
    }
  })
}
