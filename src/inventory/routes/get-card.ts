import { operation, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiCard } from '../convert.ts'
import { readCard } from '../read-card.ts'
import { CardParams, StockedCardSchema } from '../schemas.ts'
import { type App, CARDS, type InventoryDeps, READ, TAG } from './deps.ts'

export function getCardRoute(app: App, { db }: InventoryDeps): void {
  app.route({
    method: 'GET',
    url: `${CARDS}/:id`,
    ...operation({
      id: 'getCard',
      tag: TAG,
      summary: 'Trace a card',
      description: 'From its import to whoever saw it. Its secret is not shown to operators.',
      access: READ,
      params: CardParams,
      response: { 200: Ref(StockedCardSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params }) => toApiCard(await readCard(db, fromApiId('card', params.id)))
  })
}
