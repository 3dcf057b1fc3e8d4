/** Operators' surface of the catalog. What resellers see of it has prices, and is in `pricing`. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { createProductRoute } from './routes/create-product.ts'
import { createSkuRoute } from './routes/create-sku.ts'
import type { CatalogDeps } from './routes/deps.ts'
import { getPricesRoute } from './routes/get-prices.ts'
import { getProductRoute } from './routes/get-product.ts'
import { getSkuRoute } from './routes/get-sku.ts'
import { listProductsRoute } from './routes/list-products.ts'
import { listSkusRoute } from './routes/list-skus.ts'
import { pauseProductRoute } from './routes/pause-product.ts'
import { pauseSkuRoute } from './routes/pause-sku.ts'
import { replacePricesRoute } from './routes/replace-prices.ts'
import { resumeProductRoute } from './routes/resume-product.ts'
import { resumeSkuRoute } from './routes/resume-sku.ts'
import { updateProductRoute } from './routes/update-product.ts'
import { updateSkuRoute } from './routes/update-sku.ts'

export type { CatalogDeps } from './routes/deps.ts'

const ROUTES = [
  createProductRoute,
  listProductsRoute,
  getProductRoute,
  updateProductRoute,
  pauseProductRoute,
  resumeProductRoute,
  createSkuRoute,
  listSkusRoute,
  getSkuRoute,
  updateSkuRoute,
  pauseSkuRoute,
  resumeSkuRoute,
  getPricesRoute,
  replacePricesRoute
]

export const catalogRoutes =
  (deps: CatalogDeps): FastifyPluginAsyncTypebox =>
  async app => {
    for (const register of ROUTES) register(app, deps)
  }
