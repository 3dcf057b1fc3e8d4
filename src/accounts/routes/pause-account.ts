import { operation, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiReseller } from '../convert.ts'
import { accountParams, ResellerSchema } from '../schemas.ts'
import { updateReseller } from '../update-reseller.ts'
import { type AccountsDeps, type App, RESELLERS, TAG, WRITE } from './deps.ts'

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
}
