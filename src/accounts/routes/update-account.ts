import { operation, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiReseller } from '../convert.ts'
import { accountParams, ResellerSchema, UpdateReseller } from '../schemas.ts'
import { updateReseller } from '../update-reseller.ts'
import { type AccountsDeps, type App, RESELLERS, TAG, WRITE } from './deps.ts'

export function updateAccountRoutes(app: App, deps: AccountsDeps): void {
  app.route({
    method: 'PATCH',
    url: `${RESELLERS}/:id`,
    ...operation({
      id: 'updateReseller',
      tag: TAG,
      summary: 'Rename a reseller or move it to another price tier',
      access: WRITE,
      params: accountParams.reseller,
      body: UpdateReseller,
      response: { 200: Ref(ResellerSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params, body }) => toApiReseller(await updateReseller(deps, fromApiId('reseller', params.id), body))
  })
}
