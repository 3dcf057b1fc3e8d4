import { operation, Ref } from '../../http/index.ts'
import { notFound } from '../../kit/errors.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiReseller, toApiSupplier } from '../convert.ts'
import { findReseller, findSupplier } from '../repository.ts'
import { accountParams, ResellerSchema, SupplierSchema } from '../schemas.ts'
import { type AccountsDeps, type App, READ, RESELLERS, SUPPLIERS, TAG } from './deps.ts'

export function getAccountRoutes(app: App, { db }: AccountsDeps): void {
  app.route({
    method: 'GET',
    url: `${RESELLERS}/:id`,
    ...operation({
      id: 'getReseller',
      tag: TAG,
      summary: 'Read a reseller',
      access: READ,
      params: accountParams.reseller,
      response: { 200: Ref(ResellerSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params }) => {
      const reseller = await findReseller(db, fromApiId('reseller', params.id))
      if (reseller === null) throw notFound('reseller')
      return toApiReseller(reseller)
    }
  })
  app.route({
    method: 'GET',
    url: `${SUPPLIERS}/:id`,
    ...operation({
      id: 'getSupplier',
      tag: TAG,
      summary: 'Read a supplier',
      access: READ,
      params: accountParams.supplier,
      response: { 200: Ref(SupplierSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params }) => {
      const supplier = await findSupplier(db, fromApiId('supplier', params.id))
      if (supplier === null) throw notFound('supplier')
      return toApiSupplier(supplier)
    }
  })
}
