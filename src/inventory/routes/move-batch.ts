import { operation, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiMovedBatch } from '../convert.ts'
import { moveBatch } from '../move-batch.ts'
import { BatchParams, MovedBatchSchema } from '../schemas.ts'
import type { CardAction } from '../states.ts'
import { type App, BATCHES, type InventoryDeps, TAG, WRITE } from './deps.ts'

/** `POST /v1/admin/card-batches/{id}/quarantine|release|void`. */
export const moveBatchRoute =
  (action: CardAction, summary: string) =>
  (app: App, deps: InventoryDeps): void => {
    app.route({
      method: 'POST',
      url: `${BATCHES}/:id/${action}`,
      ...operation({
        id: `${action}CardBatch`,
        tag: TAG,
        summary,
        description: 'Sold cards stay as they are. Doing it again moves what was left over, and changes nothing else.',
        access: WRITE,
        params: BatchParams,
        response: { 200: Ref(MovedBatchSchema) },
        errors: ['not_found']
      }),
      handler: async ({ params }) => toApiMovedBatch(await moveBatch(deps, { batchId: fromApiId('batch', params.id), action }))
    })
  }
