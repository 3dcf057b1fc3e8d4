import { operation, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiReseller, toApiSupplier } from '../convert.ts'
import { accountParams, ResellerSchema, SupplierSchema } from '../schemas.ts'
import { updateReseller } from '../update-reseller.ts'
import { updateSupplier } from '../update-supplier.ts'
import { type AccountsDeps, type App, RESELLERS, SUPPLIERS, TAG, WRITE } from './deps.ts'

const DESCRIPTION = 'Its keys work again: here at once, on other instances within seconds. Doing it again changes nothing.'

export function resumeAccountRoutes(app: App, deps: AccountsDeps): void {
  app.route({
    method: 'POST',
    url: `${RESELLERS}/:id/resume`,
    ...operation({
      id: 'resumeReseller',
      tag: TAG,
      summary: 'Resume a reseller',
      description: DESCRIPTION,
      access: WRITE,
      params: accountParams.reseller,
      response: { 200: Ref(ResellerSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params }) => toApiReseller(await updateReseller(deps, fromApiId('reseller', params.id), { state: 'active' }))
  })
  app.route({
    method: 'POST',
    url: `${SUPPLIERS}/:id/resume`,
    ...operation({
      id: 'resumeSupplier',
      tag: TAG,
      summary: 'Resume a supplier',
      description: DESCRIPTION,
      access: WRITE,
      params: accountParams.supplier,
      response: { 200: Ref(SupplierSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params }) => toApiSupplier(await updateSupplier(deps, fromApiId('supplier', params.id), { state: 'active' }))
  })
}
