import { operation, pageLimit, Ref } from '../../http/index.ts'
import { notFound } from '../../kit/errors.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiSupplier } from '../convert.ts'
import { findSupplier, listSuppliers } from '../repository.ts'
import { PageQuery, SupplierPage, SupplierSchema, supplierParams } from '../schemas.ts'
import { readSyncStates } from '../sync/sync-repository.ts'
import { READ, SUPPLIERS, type SupplierRoute, TAG } from './deps.ts'

const LIST = 'suppliers'

export const listSuppliersRoute: SupplierRoute = (app, deps) => {
  app.route({
    method: 'GET',
    url: SUPPLIERS,
    ...operation({
      id: 'listSuppliers',
      tag: TAG,
      summary: 'List suppliers, newest first',
      access: READ,
      query: PageQuery,
      response: { 200: Ref(SupplierPage) }
    }),
    handler: async ({ query }) => {
      const limit = pageLimit(query)
      const before = query.cursor === undefined ? null : String(deps.cursors.decode(LIST, query.cursor)[0])
      const rows = await listSuppliers(deps.db, { before, limit: limit + 1 })
      const last = rows.length > limit ? rows[limit - 1] : undefined
      const shown = rows.slice(0, limit)
      const states = await readSyncStates(
        deps.db,
        shown.map(({ id }) => id)
      )
      return {
        data: shown.map(row => toApiSupplier(deps, row, states.get(row.id))),
        nextCursor: last === undefined ? null : deps.cursors.encode(LIST, [last.id])
      }
    }
  })
}

export const getSupplierRoute: SupplierRoute = (app, deps) => {
  app.route({
    method: 'GET',
    url: `${SUPPLIERS}/:id`,
    ...operation({
      id: 'getSupplier',
      tag: TAG,
      summary: 'Read a supplier',
      access: READ,
      params: supplierParams,
      response: { 200: Ref(SupplierSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params }) => {
      const supplier = await findSupplier(deps.db, fromApiId('supplier', params.id))
      if (supplier === null) throw notFound('supplier')
      return toApiSupplier(deps, supplier, (await readSyncStates(deps.db, [supplier.id])).get(supplier.id))
    }
  })
}
