import { notFound } from '../kit/errors.ts'
import type { Card } from './card.ts'
import { cardNotMovable } from './errors.ts'
import { type MoveDeps, moveUnsold } from './move-cards.ts'
import { findCard, moveCards } from './repository.ts'
import { type CardAction, moveOf } from './states.ts'

/** Takes an unsold card out of sale, puts it back, or voids it for ever. Doing it again changes nothing. Throws: `not_found`, `state_conflict`. */
export async function moveCard(deps: MoveDeps, { cardId, action }: { cardId: string; action: CardAction }): Promise<Card> {
  const move = moveOf(action)
  const before = await findCard(deps.db, cardId)
  if (before === null) throw notFound('card')
  if (before.state === move.to) return before
  await moveUnsold(deps, [before.skuId], move.to, async tx => {
    const moved = await moveCards(tx, [cardId], move)
    if (moved.cards.length === 0) throw cardNotMovable()
    return moved
  })
  return { ...before, state: move.to }
}
