import { operation, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiReport } from '../convert.ts'
import { readBatchReport } from '../read-batch-report.ts'
import { BatchParams, CardBatchReportSchema } from '../schemas.ts'
import { type App, BATCHES, type InventoryDeps, TAG, WRITE } from './deps.ts'

export function getBatchRoute(app: App, { db }: InventoryDeps): void {
  app.route({
    method: 'GET',
    url: `${BATCHES}/:id`,
    ...operation({
      id: 'getCardBatch',
      tag: TAG,
      summary: 'Read the report of an import',
      description: 'Also while it runs: the counts grow with each block that is stored.',
      access: WRITE,
      params: BatchParams,
      response: { 200: Ref(CardBatchReportSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params }) => toApiReport(await readBatchReport(db, fromApiId('batch', params.id)))
  })
}
