import { operation, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiSupplier } from '../convert.ts'
import { SupplierSchema, supplierParams, UpdateSupplier } from '../schemas.ts'
import { type SupplierChange, updateSupplier } from '../update-supplier.ts'
import { SUPPLIERS, type SupplierRoute, TAG, WRITE } from './deps.ts'

export const updateSupplierRoute: SupplierRoute = (app, deps) => {
  app.route({
    method: 'PATCH',
    url: `${SUPPLIERS}/:id`,
    ...operation({
      id: 'updateSupplier',
      tag: TAG,
      summary: 'Rename a supplier or change its config and limits',
      access: WRITE,
      params: supplierParams,
      body: UpdateSupplier,
      response: { 200: Ref(SupplierSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params, body }) => toApiSupplier(deps, await updateSupplier(deps, fromApiId('supplier', params.id), body))
  })
  stateRoute(app, deps, {
    id: 'pauseSupplier',
    action: 'pause',
    summary: 'Pause a supplier',
    description: 'Its keys are answered `account_suspended` and nothing new is bought from it: here at once, by other instances within seconds.',
    change: { state: 'paused' }
  })
  stateRoute(app, deps, {
    id: 'resumeSupplier',
    action: 'resume',
    summary: 'Resume a supplier',
    description: 'Its keys work again, and it is bought from: here at once, on other instances within seconds.',
    change: { state: 'active' }
  })
}

interface StateRoute {
  readonly id: string
  readonly action: string
  readonly summary: string
  readonly description: string
  readonly change: SupplierChange
}

function stateRoute(app: Parameters<SupplierRoute>[0], deps: Parameters<SupplierRoute>[1], { id, action, change, ...said }: StateRoute): void {
  app.route({
    method: 'POST',
    url: `${SUPPLIERS}/:id/${action}`,
    ...operation({
      id,
      tag: TAG,
      summary: said.summary,
      description: `${said.description} Doing it again changes nothing.`,
      access: WRITE,
      params: supplierParams,
      response: { 200: Ref(SupplierSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params }) => toApiSupplier(deps, await updateSupplier(deps, fromApiId('supplier', params.id), change))
  })
}
