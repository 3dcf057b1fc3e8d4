import { operation, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiCard } from '../convert.ts'
import { moveCard } from '../move-card.ts'
import { readCard } from '../read-card.ts'
import { CardParams, StockedCardSchema } from '../schemas.ts'
import type { CardAction } from '../states.ts'
import { type App, CARDS, type InventoryDeps, TAG, WRITE } from './deps.ts'

/** `POST /v1/admin/cards/{id}/quarantine|release|void`. */
export const moveCardRoute =
  (action: CardAction, summary: string) =>
  (app: App, deps: InventoryDeps): void => {
    app.route({
      method: 'POST',
      url: `${CARDS}/:id/${action}`,
      ...operation({
        id: `${action}Card`,
        tag: TAG,
        summary,
        description: 'Only a card that nobody bought. Doing it again changes nothing.',
        access: WRITE,
        params: CardParams,
        response: { 200: Ref(StockedCardSchema) },
        errors: ['not_found', 'state_conflict']
      }),
      handler: async ({ params }) => {
        const { id } = await moveCard(deps, { cardId: fromApiId('card', params.id), action })
        return toApiCard(await readCard(deps.db, id))
      }
    })
  }
