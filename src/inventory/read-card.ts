import type { Queryable } from '../kit/db/index.ts'
import { notFound } from '../kit/errors.ts'
import type { Batch } from './batch.ts'
import type { Card, Reveal } from './card.ts'
import { findBatch, findCard, listReveals } from './repository.ts'

/** Where a card came from, where it went, and who saw it. */
export interface CardTrace {
  readonly card: Card
  readonly batch: Batch
  /** Newest first; older ones are in the reveal log. */
  readonly reveals: readonly Reveal[]
}

export const TRACED_REVEALS_MAX = 100

/** Throws: `not_found`. */
export async function readCard(db: Queryable, cardId: string): Promise<CardTrace> {
  const card = await findCard(db, cardId)
  if (card === null) throw notFound('card')
  const [batch, reveals] = await Promise.all([findBatch(db, card.batchId), listReveals(db, { cardId }, { before: null, limit: TRACED_REVEALS_MAX })])
  if (batch === null) throw new Error(`the card ${cardId} has no batch`)
  return { card, batch, reveals }
}
