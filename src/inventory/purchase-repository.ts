/** SQL of cards that were bought for an order. They go to it without ever being for sale; what is left over is stocked or set aside. */
import { statement, type Tx } from '../kit/db/index.ts'
import type { Amount, Currency } from '../kit/money.ts'
import type { SealedCard } from './seal-purchased.ts'

const CLAIM = statement(
  'card_claim_fingerprints',
  `
  INSERT INTO card_fingerprint (fingerprint, card_id) SELECT fingerprint, id FROM unnest($1::bytea[], $2::uuid[]) AS i (fingerprint, id)
  ORDER BY fingerprint ON CONFLICT DO NOTHING RETURNING card_id`
)

/** Which of the cards were never seen before. Each of them must be stored in the same transaction; the others never. */
export async function claimFingerprints(tx: Tx, cards: readonly SealedCard[]): Promise<Set<string>> {
  if (cards.length === 0) return new Set()
  const rows = await tx.query<{ card_id: string }>(CLAIM, [cards.map(card => card.fingerprint), cards.map(card => card.id)])
  return new Set(rows.map(row => row.card_id))
}

/** What came of one purchase. Its id is the id of the purchase. */
export interface PurchaseBatch {
  readonly id: string
  readonly skuId: string
  readonly supplierId: string
  readonly unitCost: Amount
  readonly currency: Currency
}

export interface PurchasedCard {
  readonly card: SealedCard
  readonly batch: PurchaseBatch
  /** Null: nobody waits for it. */
  readonly issue: { readonly orderId: string; readonly position: number } | null
  /** Of a card without an order. */
  readonly spareState: 'available' | 'quarantined'
}

// The batch of a purchase is there when a card comes that had been given up: it then has one card more.
const STORE = statement(
  'card_store_purchased',
  `
  WITH stored AS (
    INSERT INTO card (id, sku_id, batch_id, data_key_id, ciphertext, state, order_id, position, expires_at, issued_at)
    SELECT id, sku_id, batch_id, data_key_id, ciphertext, state, order_id, position, expires_at, CASE WHEN order_id IS NOT NULL THEN now() END
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::bytea[], $6::text[], $7::uuid[], $8::int[], $9::timestamptz[])
      AS i (id, sku_id, batch_id, data_key_id, ciphertext, state, order_id, position, expires_at)
    RETURNING batch_id, seq
  ), counted AS (
    SELECT batch_id, count(*)::int AS cards, min(seq) AS first_seq, max(seq) AS last_seq FROM stored GROUP BY batch_id
  )
  INSERT INTO card_batch AS known (id, sku_id, supplier_id, unit_cost, currency, format, state, accepted, first_seq, last_seq, finished_at)
  SELECT b.id, b.sku_id, b.supplier_id, b.unit_cost, b.currency, 'upstream', 'done', c.cards, c.first_seq, c.last_seq, now()
  FROM unnest($10::uuid[], $11::uuid[], $12::uuid[], $13::bigint[], $14::text[]) AS b (id, sku_id, supplier_id, unit_cost, currency)
  JOIN counted c ON c.batch_id = b.id
  ON CONFLICT (id) DO UPDATE SET accepted = known.accepted + EXCLUDED.accepted, first_seq = least(known.first_seq, EXCLUDED.first_seq),
    last_seq = greatest(known.last_seq, EXCLUDED.last_seq)`
)

/** Cards for sale must be counted by the caller in the same transaction. */
export async function storePurchased(tx: Tx, cards: readonly PurchasedCard[]): Promise<void> {
  if (cards.length === 0) return
  const batches = [...new Map(cards.map(({ batch }) => [batch.id, batch])).values()]
  await tx.execute(STORE, [
    cards.map(({ card }) => card.id),
    cards.map(({ batch }) => batch.skuId),
    cards.map(({ batch }) => batch.id),
    cards.map(({ card }) => card.dataKeyId),
    cards.map(({ card }) => card.ciphertext),
    cards.map(({ issue, spareState }) => (issue === null ? spareState : 'issued')),
    cards.map(({ issue }) => issue?.orderId ?? null),
    cards.map(({ issue }) => issue?.position ?? null),
    cards.map(({ card }) => card.expiresAt),
    batches.map(batch => batch.id),
    batches.map(batch => batch.skuId),
    batches.map(batch => batch.supplierId),
    batches.map(batch => batch.unitCost.toString()),
    batches.map(batch => batch.currency)
  ])
}
