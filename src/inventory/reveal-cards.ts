import type { Tx } from '../kit/db/index.ts'
import { logReveals } from './repository.ts'

/** Logs that cards of an order are shown, in the transaction that reads them; the first time, `issued` becomes `revealed`. */
export async function revealCards(
  tx: Tx,
  reveal: { orderId: string; cardIds: readonly string[]; apiKeyId: string | null; requestId: string }
): Promise<void> {
  if (reveal.cardIds.length === 0) return
  const logged = await logReveals(tx, reveal)
  if (logged !== reveal.cardIds.length) throw new Error(`logged ${logged} reveals of ${reveal.cardIds.length} cards of order ${reveal.orderId}`)
}
