import { operation, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiReseller, toApiSupplier } from '../convert.ts'
import { accountParams, ResellerSchema, SupplierSchema } from '../schemas.ts'
import { updateReseller } from '../update-reseller.ts'
import { updateSupplier } from '../update-supplier.ts'
import { type AccountsDeps, type App, RESELLERS, SUPPLIERS, TAG, WRITE } from './deps.ts'

const DESCRIPTION = 'Its keys are answered `account_suspended`: here at once, by other instances within seconds. Doing it again changes nothing.'

export function pauseAccountRoutes(app: App, deps: AccountsDeps): void {
  app.route({
    method: 'POST',
    url: `${RESELLERS}/:id/pause`,
    ...operation({
      id: 'pauseReseller',
      tag: TAG,
      summary: 'Pause a reseller',
      description: DESCRIPTION,
      access: WRITE,
      params: accountParams.reseller,
      response: { 200: Ref(ResellerSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params }) => toApiReseller(await updateReseller(deps, fromApiId('reseller', params.id), { state: 'paused' }))
  })
  app.route({
    method: 'POST',
    url: `${SUPPLIERS}/:id/pause`,
    ...operation({
      id: 'pauseSupplier',
      tag: TAG,
      summary: 'Pause a supplier',
      description: DESCRIPTION,
      access: WRITE,
      params: accountParams.supplier,
      response: { 200: Ref(SupplierSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params }) => toApiSupplier(await updateSupplier(deps, fromApiId('supplier', params.id), { state: 'paused' }))
  })
}
