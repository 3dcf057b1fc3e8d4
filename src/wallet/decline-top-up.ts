import type { Db } from '../kit/db/index.ts'
import { notFound } from '../kit/errors.ts'
import { topUpDecided } from './errors.ts'
import { decideTopUp, lockTopUp } from './repository.ts'
import type { TopUp } from './top-up.ts'

/**
 * Closes an announced payment that never came. Its reference may be announced again.
 * Throws: not_found, state_conflict.
 */
export async function declineTopUp(db: Db, input: { readonly topUpId: string; readonly reason: string; readonly actor: string }): Promise<TopUp> {
  return await db.tx(async tx => {
    const topUp = await lockTopUp(tx, input.topUpId)
    if (topUp === null) throw notFound('topUp')
    const declined = await decideTopUp(tx, topUp.id, { state: 'declined', decidedBy: input.actor, reason: input.reason })
    if (declined === null) throw topUpDecided(topUp.state)
    return declined
  })
}
