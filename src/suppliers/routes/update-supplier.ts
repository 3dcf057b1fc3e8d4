import { operation, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { fromApiSettings, toApiSupplier } from '../convert.ts'
import { SupplierSchema, supplierParams, UpdateSupplier } from '../schemas.ts'
import { readSyncStates } from '../sync/sync-repository.ts'
import { type SupplierChange, updateSupplier } from '../update-supplier.ts'
import { SUPPLIERS, type SupplierRoute, type SuppliersDeps, TAG, WRITE } from './deps.ts'

export const updateSupplierRoute: SupplierRoute = (app, deps) => {
  app.route({
    method: 'PATCH',
    url: `${SUPPLIERS}/:id`,
    ...operation({
      id: 'updateSupplier',
      tag: TAG,
      summary: 'Change what is known of a supplier: its name, config and limits, how often it is read, its markup',
      access: WRITE,
      params: supplierParams,
      body: UpdateSupplier,
      response: { 200: Ref(SupplierSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params, body: { name, config, limits, ...settings } }) =>
      await change(deps, params.id, {
        ...(name === undefined ? {} : { name }),
        ...(config === undefined ? {} : { config }),
        ...(limits === undefined ? {} : { limits }),
        settings: fromApiSettings(settings)
      })
  })
  stateRoute(app, deps, {
    id: 'pauseSupplier',
    action: 'pause',
    summary: 'Pause a supplier',
    description: 'Its keys are answered `account_suspended` and nothing new is bought from it: here at once, by other instances within seconds.',
    wanted: { state: 'paused' }
  })
  stateRoute(app, deps, {
    id: 'resumeSupplier',
    action: 'resume',
    summary: 'Resume a supplier',
    description: 'Its keys work again, and it is bought from: here at once, on other instances within seconds.',
    wanted: { state: 'active' }
  })
}

interface StateRoute {
  readonly id: string
  readonly action: string
  readonly summary: string
  readonly description: string
  readonly wanted: SupplierChange
}

function stateRoute(app: Parameters<SupplierRoute>[0], deps: Parameters<SupplierRoute>[1], { id, action, wanted, ...said }: StateRoute): void {
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
    handler: async ({ params }) => await change(deps, params.id, wanted)
  })
}

async function change(deps: SuppliersDeps, apiId: string, wanted: SupplierChange) {
  const supplier = await updateSupplier(deps, fromApiId('supplier', apiId), wanted)
  return toApiSupplier(deps, supplier, (await readSyncStates(deps.db, [supplier.id])).get(supplier.id))
}
