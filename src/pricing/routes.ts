/** The catalog as resellers see it, with their own prices, and quotes. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { createQuoteRoute } from './routes/create-quote.ts'
import type { PricingDeps } from './routes/deps.ts'
import { getSkuRoute } from './routes/get-sku.ts'
import { listCatalogChangesRoute } from './routes/list-catalog-changes.ts'
import { listProductsRoute } from './routes/list-products.ts'
import { listSkusRoute } from './routes/list-skus.ts'

export type { PricingDeps } from './routes/deps.ts'

const ROUTES = [listProductsRoute, listSkusRoute, getSkuRoute, listCatalogChangesRoute, createQuoteRoute]

export const pricingRoutes =
  (deps: PricingDeps): FastifyPluginAsyncTypebox =>
  async app => {
    for (const register of ROUTES) register(app, deps)
  }
