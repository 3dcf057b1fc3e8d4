import { fromCursor, pageOf } from '../../catalog/index.ts'
import { operation, pageLimit, Ref } from '../../http/index.ts'
import { fromApiBatchQuery, toApiBatch } from '../convert.ts'
import { listBatches } from '../repository.ts'
import { BatchQuery, CardBatchPage } from '../schemas.ts'
import { type App, BATCHES, type InventoryDeps, TAG, WRITE } from './deps.ts'

const LIST = 'card-batches'

export function listBatchesRoute(app: App, { db, cursors }: InventoryDeps): void {
  app.route({
    method: 'GET',
    url: BATCHES,
    ...operation({
      id: 'listCardBatches',
      tag: TAG,
      summary: 'List imports, newest first',
      access: WRITE,
      query: BatchQuery,
      response: { 200: Ref(CardBatchPage) }
    }),
    handler: async ({ query }) => {
      const limit = pageLimit(query)
      const before = fromCursor(cursors, LIST, query.cursor)
      const rows = await listBatches(db, fromApiBatchQuery(query), { before, limit: limit + 1 })
      const { shown, nextCursor } = pageOf(cursors, LIST, rows, limit)
      return { data: shown.map(toApiBatch), nextCursor }
    }
  })
}
