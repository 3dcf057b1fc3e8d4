import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { createSupplierRoute } from './create-supplier.ts'
import type { SupplierRoute, SuppliersDeps } from './deps.ts'
import { getSupplierRoute, listSuppliersRoute } from './read-suppliers.ts'
import { rotateWebhookSecretRoute } from './rotate-webhook-secret.ts'
import { getSourcesRoute, replaceSourcesRoute } from './sku-sources.ts'
import { getSourcingRoute, putSourcingRoute } from './sku-sourcing.ts'
import { updateSupplierRoute } from './update-supplier.ts'

const ROUTES: readonly SupplierRoute[] = [
  createSupplierRoute,
  listSuppliersRoute,
  getSupplierRoute,
  updateSupplierRoute,
  rotateWebhookSecretRoute,
  replaceSourcesRoute,
  getSourcesRoute,
  putSourcingRoute,
  getSourcingRoute
]

export const suppliersRoutes =
  (deps: SuppliersDeps): FastifyPluginAsyncTypebox =>
  async app => {
    for (const route of ROUTES) route(app, deps)
  }
