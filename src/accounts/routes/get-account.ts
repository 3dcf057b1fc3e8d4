import { operation, Ref } from '../../http/index.ts'
import { notFound } from '../../kit/errors.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiReseller } from '../convert.ts'
import { findReseller } from '../repository.ts'
import { accountParams, ResellerSchema } from '../schemas.ts'
import { type AccountsDeps, type App, READ, RESELLERS, TAG } from './deps.ts'

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
}
