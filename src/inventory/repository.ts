/** SQL of cards and batches as operators see them and move them. Imports write in `import/`, orders in `issue-repository.ts`. */
import { and, asc, desc, eq, gt, inArray, lt, type Queryable, sql, statement, type Tx } from '../kit/db/index.ts'
import { type Batch, type BatchLine, REJECT_REASONS } from './batch.ts'
import type { Card, CardState, Reveal, StoredCard } from './card.ts'
import type { Move, UnsoldState } from './states.ts'
import { card, cardBatch, cardBatchLine, cardReveal } from './tables.ts'

const only = <T>([row]: T[]): T | null => row ?? null

export const findBatch = async (db: Queryable, id: string): Promise<Batch | null> =>
  only(await db.orm.select().from(cardBatch).where(eq(cardBatch.id, id)))

/** Newest first. */
export const listBatches = async (
  db: Queryable,
  skuId: string | undefined,
  { before, limit }: { before: string | null; limit: number }
): Promise<Batch[]> =>
  await db.orm
    .select()
    .from(cardBatch)
    .where(and(skuId === undefined ? undefined : eq(cardBatch.skuId, skuId), before === null ? undefined : lt(cardBatch.id, before)))
    .orderBy(desc(cardBatch.id))
    .limit(limit)

/** Lines that became no card, in the order of the file. */
export const listBatchLines = async (db: Queryable, batchId: string, { after, limit }: { after: number; limit: number }): Promise<BatchLine[]> =>
  await selectLines(db)
    .where(and(eq(cardBatchLine.batchId, batchId), gt(cardBatchLine.line, after)))
    .orderBy(asc(cardBatchLine.line))
    .limit(limit)

export const listRejectedLines = async (db: Queryable, batchId: string, limit: number): Promise<BatchLine[]> =>
  await selectLines(db)
    .where(and(eq(cardBatchLine.batchId, batchId), inArray(cardBatchLine.reason, [...REJECT_REASONS])))
    .orderBy(asc(cardBatchLine.line))
    .limit(limit)

const selectLines = (db: Queryable) => db.orm.select({ line: cardBatchLine.line, reason: cardBatchLine.reason }).from(cardBatchLine).$dynamic()

export const findCard = async (db: Queryable, id: string): Promise<Card | null> => only(await db.orm.select().from(card).where(eq(card.id, id)))

/** Newest first. By card the order's reveals are searched: a card belongs to one order, and the log has an index of orders only. */
export const listReveals = async (
  db: Queryable,
  { orderId, cardId }: { orderId?: string | undefined; cardId?: string | undefined },
  { before, limit }: { before: bigint | null; limit: number }
): Promise<Reveal[]> =>
  await db.orm
    .select()
    .from(cardReveal)
    .where(
      and(
        orderId === undefined ? undefined : eq(cardReveal.orderId, orderId),
        cardId === undefined
          ? undefined
          : and(eq(cardReveal.cardId, cardId), sql`${cardReveal.orderId} = (SELECT c.order_id FROM card c WHERE c.id = ${cardId})`),
        before === null ? undefined : lt(cardReveal.id, before)
      )
    )
    .orderBy(desc(cardReveal.id))
    .limit(limit)

const ORDER_CARDS = statement(
  'card_of_order',
  `
  SELECT id, sku_id, data_key_id, ciphertext, expires_at, position FROM card
  WHERE order_id = $1 AND position > $2 ORDER BY position LIMIT $3`
)

interface OrderCardRow {
  id: string
  sku_id: string
  data_key_id: number
  ciphertext: Buffer
  expires_at: Date | null
  position: number
}

export interface OrderCard extends StoredCard {
  readonly position: number
}

/** In the order in which they were issued; `after` is the position of the last card of the page before, -1 for the first page. */
export async function listOrderCards(db: Queryable, orderId: string, { limit, after }: { limit: number; after: number }): Promise<OrderCard[]> {
  const rows = await db.query<OrderCardRow>(ORDER_CARDS, [orderId, after, limit])
  return rows.map(row => ({
    id: row.id,
    skuId: row.sku_id,
    dataKeyId: row.data_key_id,
    ciphertext: row.ciphertext,
    expiresAt: row.expires_at,
    position: row.position
  }))
}

const LOG_REVEALS = statement(
  'card_reveal_order_cards',
  `
  WITH shown AS (
    SELECT id, state FROM card WHERE id = ANY($2::uuid[]) AND order_id = $1
  ), opened AS (
    UPDATE card SET state = 'revealed' FROM shown WHERE card.id = shown.id AND shown.state = 'issued' AND card.state = 'issued'
  )
  INSERT INTO card_reveal (card_id, order_id, api_key_id, request_id) SELECT id, $1, $3, $4 FROM shown`
)

/** How many cards of the order were logged as shown. */
export const logReveals = async (
  tx: Tx,
  { orderId, cardIds, apiKeyId, requestId }: { orderId: string; cardIds: readonly string[]; apiKeyId: string | null; requestId: string }
): Promise<number> => await tx.execute(LOG_REVEALS, [orderId, cardIds, apiKeyId, requestId])

const SKUS_OF = statement('card_skus_of', 'SELECT DISTINCT sku_id FROM card WHERE id = ANY($1::uuid[])')

/** A card never changes its SKU, so this needs no lock. */
export const skusOfCards = async (db: Queryable, cardIds: readonly string[]): Promise<string[]> =>
  (await db.query<{ sku_id: string }>(SKUS_OF, [cardIds])).map(row => row.sku_id)

/** A card that was moved: where it came from decides what the stock counter owes. */
export interface MovedCard {
  readonly skuId: string
  readonly from: CardState
}

const MOVE = statement(
  'card_move',
  `
  WITH chosen AS (
    SELECT id, sku_id, state FROM card
    WHERE id = ANY($1::uuid[]) AND state = ANY($2::text[]) AND ($3 <> 'available' OR expires_at IS NULL OR expires_at > now())
    ORDER BY id FOR NO KEY UPDATE
  )
  UPDATE card SET state = $3 FROM chosen WHERE card.id = chosen.id AND card.state = chosen.state
  RETURNING chosen.sku_id, chosen.state AS from_state`
)

/** Moves those of the cards that are in a state to move from; a card past its expiry is not made available. The SKUs' rows are locked. */
export async function moveCards(tx: Tx, cardIds: readonly string[], { from, to }: Move): Promise<{ cards: MovedCard[] }> {
  const rows = await tx.query<{ sku_id: string; from_state: CardState }>(MOVE, [cardIds, from, to])
  return { cards: rows.map(row => ({ skuId: row.sku_id, from: row.from_state })) }
}

// The state is written out, and the SKU and the range of seq are named: each step is then a range of a partial index.
const moveOfBatch = (from: UnsoldState) =>
  statement(
    `card_move_${from}_of_batch`,
    `
  WITH chosen AS (
    SELECT c.id, c.sku_id, c.seq FROM card c JOIN card_batch b ON b.id = $1
    WHERE c.state = '${from}' AND c.sku_id = b.sku_id AND c.seq > greatest(b.first_seq - 1, $4) AND c.seq <= b.last_seq AND c.batch_id = b.id
      AND ($2 <> 'available' OR c.expires_at IS NULL OR c.expires_at > now())
    ORDER BY c.seq LIMIT $3 FOR NO KEY UPDATE OF c
  )
  UPDATE card SET state = $2 FROM chosen WHERE card.id = chosen.id AND card.state = '${from}'
  RETURNING chosen.sku_id, chosen.seq::text`
  )

const MOVE_OF_BATCH = { available: moveOfBatch('available'), quarantined: moveOfBatch('quarantined') }

/** A step through the cards of a batch, by their seq. */
export interface BatchStep {
  readonly from: UnsoldState
  readonly to: CardState
  readonly after: bigint
  readonly limit: number
}

/** Like `moveCards`, for the next cards of a batch. The SKU's row is locked. */
export async function moveCardsOfBatch(
  tx: Tx,
  batchId: string,
  { from, to, after, limit }: BatchStep
): Promise<{ cards: MovedCard[]; last: bigint }> {
  const rows = await tx.query<{ sku_id: string; seq: string }>(MOVE_OF_BATCH[from], [batchId, to, limit, after])
  const last = rows.reduce((highest, { seq }) => (BigInt(seq) > highest ? BigInt(seq) : highest), after)
  return { cards: rows.map(row => ({ skuId: row.sku_id, from })), last }
}

const EXPIRED = statement('card_expired', `SELECT id FROM card WHERE state = 'available' AND expires_at <= now() ORDER BY expires_at LIMIT $1`)

export const listExpired = async (db: Queryable, limit: number): Promise<string[]> =>
  (await db.query<{ id: string }>(EXPIRED, [limit])).map(row => row.id)

const SUPPLIED = statement(
  'card_supplied',
  `
  SELECT c.id, c.sku_id, c.state FROM card_fingerprint f JOIN card c ON c.id = f.card_id JOIN card_batch b ON b.id = c.batch_id
  WHERE f.fingerprint = ANY($1::bytea[]) AND b.supplier_id = $2`
)

/** Those of the fingerprints' cards that this supplier brought. */
export async function findSuppliedCards(
  db: Queryable,
  supplierId: string,
  fingerprints: readonly Buffer[]
): Promise<{ id: string; skuId: string; state: CardState }[]> {
  const rows = await db.query<{ id: string; sku_id: string; state: CardState }>(SUPPLIED, [fingerprints, supplierId])
  return rows.map(row => ({ id: row.id, skuId: row.sku_id, state: row.state }))
}
