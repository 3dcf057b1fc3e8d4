import { findReseller } from '../../accounts/index.ts'
import { fromCursor, pageOf } from '../../catalog/index.ts'
import { operation, pageLimit, Ref } from '../../http/index.ts'
import { notFound } from '../../kit/errors.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiCredential } from '../convert.ts'
import { listCredentials } from '../repository.ts'
import { FacadeCredentialPage, PageQuery, resellerParams } from '../schemas.ts'
import { type App, type FacadeAdminDeps, OF_RESELLER, READ, TAG } from './deps.ts'

export function listCredentialsRoute(app: App, { db, cursors }: FacadeAdminDeps): void {
  app.route({
    method: 'GET',
    url: OF_RESELLER,
    ...operation({
      id: 'listFacadeCredentials',
      tag: TAG,
      summary: "List a reseller's facade credentials, newest first, the revoked and expired ones included",
      access: READ,
      params: resellerParams,
      query: PageQuery,
      response: { 200: Ref(FacadeCredentialPage) },
      errors: ['not_found']
    }),
    handler: async ({ params, query }) => {
      const resellerId = fromApiId('reseller', params.id)
      const list = `facade-credentials:${resellerId}`
      const limit = pageLimit(query)
      const page = { before: fromCursor(cursors, list, query.cursor), limit: limit + 1 }
      const [reseller, rows] = await Promise.all([findReseller(db, resellerId), listCredentials(db, resellerId, page)])
      if (reseller === null) throw notFound('reseller')
      const { shown, nextCursor } = pageOf(cursors, list, rows, limit)
      return { data: shown.map(toApiCredential), nextCursor }
    }
  })
}
