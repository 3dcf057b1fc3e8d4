import { operation, Ref } from '../../http/index.ts'
import { toApiSupplier } from '../convert.ts'
import { createSupplier } from '../create-supplier.ts'
import { CreateSupplier, SupplierSchema } from '../schemas.ts'
import { type AccountsDeps, type App, SUPPLIERS, TAG, WRITE } from './deps.ts'

export function createSupplierRoute(app: App, { db }: AccountsDeps): void {
  app.route({
    method: 'POST',
    url: SUPPLIERS,
    ...operation({
      id: 'createSupplier',
      tag: TAG,
      summary: 'Open an account for a supplier',
      access: WRITE,
      body: CreateSupplier,
      response: { 201: Ref(SupplierSchema) }
    }),
    handler: async ({ body }, reply) => reply.code(201).send(toApiSupplier(await createSupplier(db, body)))
  })
}
