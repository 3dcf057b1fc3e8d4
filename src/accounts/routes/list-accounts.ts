import { operation, Ref } from '../../http/index.ts'
import { toApiReseller, toApiSupplier } from '../convert.ts'
import { listResellers, listSuppliers } from '../repository.ts'
import { PageQuery, ResellerPage, SupplierPage } from '../schemas.ts'
import { type AccountsDeps, type App, READ, RESELLERS, SUPPLIERS, TAG } from './deps.ts'
import { pageOf } from './page.ts'

export function listAccountsRoutes(app: App, { db, cursors }: AccountsDeps): void {
  const shared = { tag: TAG, access: READ, query: PageQuery }
  app.route({
    method: 'GET',
    url: RESELLERS,
    ...operation({ ...shared, id: 'listResellers', summary: 'List resellers, newest first', response: { 200: Ref(ResellerPage) } }),
    handler: ({ query }) => pageOf(cursors, { list: 'resellers', query }, page => listResellers(db, page), toApiReseller)
  })
  app.route({
    method: 'GET',
    url: SUPPLIERS,
    ...operation({ ...shared, id: 'listSuppliers', summary: 'List suppliers, newest first', response: { 200: Ref(SupplierPage) } }),
    handler: ({ query }) => pageOf(cursors, { list: 'suppliers', query }, page => listSuppliers(db, page), toApiSupplier)
  })
}
