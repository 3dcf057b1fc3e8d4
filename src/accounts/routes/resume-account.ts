import { operation, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiReseller } from '../convert.ts'
import { accountParams, ResellerSchema } from '../schemas.ts'
import { updateReseller } from '../update-reseller.ts'
import { type AccountsDeps, type App, RESELLERS, TAG, WRITE } from './deps.ts'

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
}
