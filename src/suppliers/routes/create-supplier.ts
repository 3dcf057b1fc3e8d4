import { operation, Ref } from '../../http/index.ts'
import { fromApiSettings, toApiSupplier } from '../convert.ts'
import { createSupplier } from '../create-supplier.ts'
import { CreatedSupplierSchema, CreateSupplier } from '../schemas.ts'
import { PUSH_ADAPTER } from '../supplier.ts'
import { SUPPLIERS, type SupplierRoute, TAG, WRITE } from './deps.ts'

export const createSupplierRoute: SupplierRoute = (app, deps) => {
  app.route({
    method: 'POST',
    url: SUPPLIERS,
    ...operation({
      id: 'createSupplier',
      tag: TAG,
      summary: 'Open an account for a supplier',
      description: 'With an adapter, orders are bought from it; see the sources of a SKU. `webhookSecret` is shown in this answer only.',
      access: WRITE,
      body: CreateSupplier,
      response: { 201: Ref(CreatedSupplierSchema) }
    }),
    handler: async ({ body: { name, adapter = PUSH_ADAPTER, config = {}, limits = {}, ...settings } }, reply) => {
      const { supplier, webhookSecret } = await createSupplier(deps, { name, adapter, config, limits, settings: fromApiSettings(settings) })
      reply.header('cache-control', 'no-store')
      return reply.code(201).send({ ...toApiSupplier(deps, supplier), webhookSecret })
    }
  })
}
