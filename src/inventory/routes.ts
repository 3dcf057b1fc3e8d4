/** Operators' surface of the stock. Buyers get cards through orders. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { InventoryDeps } from './routes/deps.ts'
import { getBatchRoute } from './routes/get-batch.ts'
import { getCardRoute } from './routes/get-card.ts'
import { importCardsRoute } from './routes/import-cards.ts'
import { listBatchLinesRoute } from './routes/list-batch-lines.ts'
import { listBatchesRoute } from './routes/list-batches.ts'
import { listRevealsRoute } from './routes/list-reveals.ts'
import { moveBatchRoute } from './routes/move-batch.ts'
import { moveCardRoute } from './routes/move-card.ts'

export type { InventoryDeps } from './routes/deps.ts'

const ROUTES = [
  importCardsRoute,
  listBatchesRoute,
  getBatchRoute,
  listBatchLinesRoute,
  moveBatchRoute('quarantine', 'Take the unsold cards of an import out of sale'),
  moveBatchRoute('release', 'Put the quarantined cards of an import back on sale'),
  moveBatchRoute('void', 'Void the unsold cards of an import'),
  getCardRoute,
  moveCardRoute('quarantine', 'Take a card out of sale'),
  moveCardRoute('release', 'Put a quarantined card back on sale'),
  moveCardRoute('void', 'Void a card'),
  listRevealsRoute
]

export const inventoryRoutes =
  (deps: InventoryDeps): FastifyPluginAsyncTypebox =>
  async app => {
    for (const register of ROUTES) register(app, deps)
  }
