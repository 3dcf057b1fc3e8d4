/** The card statements of an order's transaction: claim, and issue with the reveal log. */
import { plainArray, statement, type Tx } from '../kit/db/index.ts'
import type { StoredCard } from './card.ts'

/**
 * Locks up to `quantity` cards of each SKU, oldest first, and skips what others hold. The lateral form makes one index scan for each
 * SKU of the batch; a claim for each SKU by itself costs two thirds of the rate on a thousand SKUs.
 */
const CLAIM = statement(
  'card_claim',
  `
  SELECT c.id, c.sku_id, c.data_key_id, c.ciphertext, c.expires_at
  FROM unnest($1::uuid[], $2::int[]) AS want (sku_id, quantity)
  CROSS JOIN LATERAL (
    SELECT id, sku_id, data_key_id, ciphertext, expires_at FROM card
    WHERE sku_id = want.sku_id AND state = 'available' AND (expires_at IS NULL OR expires_at > now())
    ORDER BY seq LIMIT want.quantity FOR NO KEY UPDATE SKIP LOCKED
  ) c`
)

interface ClaimedRow {
  id: string
  sku_id: string
  data_key_id: number
  ciphertext: Buffer
  expires_at: Date | null
}

export async function claimCards(tx: Tx, wanted: ReadonlyMap<string, number>): Promise<Map<string, StoredCard[]>> {
  const claimed = new Map<string, StoredCard[]>()
  if (wanted.size === 0) return claimed
  for (const row of await tx.query<ClaimedRow>(CLAIM, [[...wanted.keys()], [...wanted.values()]])) {
    const card = { id: row.id, skuId: row.sku_id, dataKeyId: row.data_key_id, ciphertext: row.ciphertext, expiresAt: row.expires_at }
    const cards = claimed.get(card.skuId)
    if (cards === undefined) claimed.set(card.skuId, [card])
    else cards.push(card)
  }
  return claimed
}

export interface CardIssue {
  readonly cardId: string
  readonly orderId: string
  /** From 0, in the order in which the cards are shown. */
  readonly position: number
  /** Set when the answer to the order shows the card. */
  readonly reveal: { readonly apiKeyId: string | null; readonly requestId: string } | null
}

const ISSUE = statement(
  'card_issue',
  `
  WITH wanted AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::boolean[], $5::uuid[], $6::text[])
      AS i (card_id, order_id, position, revealed, api_key_id, request_id)
  ), logged AS (
    INSERT INTO card_reveal (card_id, order_id, api_key_id, request_id)
    SELECT card_id, order_id, api_key_id, request_id FROM wanted WHERE revealed
  ), issued AS (
    UPDATE card SET state = CASE WHEN i.revealed THEN 'revealed' ELSE 'issued' END, order_id = i.order_id, position = i.position, issued_at = now()
    FROM wanted i WHERE card.id = i.card_id AND card.state = 'available' RETURNING 1
  )
  SELECT expect_rows(count(*), cardinality($1), 'cards issued') FROM issued`
)

/** The card's state and the reveal log in one statement. A card that is no longer available is a broken invariant, and fails the transaction. */
export async function issueCards(tx: Tx, issues: readonly CardIssue[]): Promise<void> {
  if (issues.length === 0) return
  await tx.execute(ISSUE, [
    plainArray(issues.map(issue => issue.cardId)),
    plainArray(issues.map(issue => issue.orderId)),
    plainArray(issues.map(issue => issue.position)),
    issues.map(issue => issue.reveal !== null),
    plainArray(issues.map(issue => issue.reveal?.apiKeyId ?? null)),
    issues.map(issue => issue.reveal?.requestId ?? null)
  ])
}
