import { operation, Ref } from '../../http/index.ts'
import { toApiReseller } from '../convert.ts'
import { listResellers } from '../repository.ts'
import { PageQuery, ResellerPage } from '../schemas.ts'
import { type AccountsDeps, type App, READ, RESELLERS, TAG } from './deps.ts'
import { pageOf } from './page.ts'

export function listAccountsRoutes(app: App, { db, cursors }: AccountsDeps): void {
  const shared = { tag: TAG, access: READ, query: PageQuery }
  app.route({
    method: 'GET',
    url: RESELLERS,
    ...operation({ ...shared, id: 'listResellers', summary: 'List resellers, newest first', response: { 200: Ref(ResellerPage) } }),
    handler: ({ query }) => pageOf(cursors, { list: 'resellers', query }, page => listResellers(db, page), toApiReseller)
  })
}
