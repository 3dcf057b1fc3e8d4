import { operation, pageLimit, Ref } from '../../http/index.ts'
import { notFound } from '../../kit/errors.ts'
import { fromApiId } from '../../kit/ids.ts'
import { findBatch, listBatchLines } from '../repository.ts'
import { BatchLinePage, BatchParams, PageQuery } from '../schemas.ts'
import { type App, BATCHES, type InventoryDeps, TAG, WRITE } from './deps.ts'

export function listBatchLinesRoute(app: App, { db, cursors }: InventoryDeps): void {
  app.route({
    method: 'GET',
    url: `${BATCHES}/:id/lines`,
    ...operation({
      id: 'listCardBatchLines',
      tag: TAG,
      summary: 'List the lines of an import that became no card',
      description: 'In the order of the file, by number and reason. Every other line that is not blank was accepted.',
      access: WRITE,
      params: BatchParams,
      query: PageQuery,
      response: { 200: Ref(BatchLinePage) },
      errors: ['not_found']
    }),
    handler: async ({ params, query }) => {
      const batchId = fromApiId('batch', params.id)
      const list = `card-batch-lines:${batchId}`
      const limit = pageLimit(query)
      const after = query.cursor === undefined ? 0 : Number(cursors.decode(list, query.cursor)[0])
      if ((await findBatch(db, batchId)) === null) throw notFound('batch')
      const rows = await listBatchLines(db, batchId, { after, limit: limit + 1 })
      const data = rows.slice(0, limit)
      const last = data.at(-1)
      return { data, nextCursor: rows.length > limit && last !== undefined ? cursors.encode(list, [last.line]) : null }
    }
  })
}
