import type { Db } from '../kit/db/index.ts'
import { notFound } from '../kit/errors.ts'
import { once } from '../kit/idempotency.ts'
import { adjust, fundingAccount } from './adjust-wallet.ts'
import { openWallet } from './credit-wallet.ts'
import type { WalletDirectory } from './directory.ts'
import { topUpDecided } from './errors.ts'
import { decideTopUp, findTopUp, lockTopUp } from './repository.ts'
import { creditDraft } from './templates.ts'
import type { TopUp } from './top-up.ts'

export interface CreditTopUp {
  readonly topUpId: string
  readonly actor: string
  /** The caller that the idempotency key belongs to. */
  readonly callerId: string
  readonly key: string
  readonly hash: Buffer
}

/**
 * Credits an announced payment to the wallet, once.
 * Throws: not_found, state_conflict (decided already, or the wallet is full), reference_taken (this payment was credited by hand),
 * idempotency_key_reused, request_in_progress.
 */
export async function creditTopUp(deps: { db: Db; wallets: WalletDirectory }, input: CreditTopUp): Promise<{ topUp: TopUp; replayed: boolean }> {
  const { topUpId, actor, callerId, key, hash } = input
  const announced = await findTopUp(deps.db, topUpId)
  if (announced === null) throw notFound('topUp')
  await deps.wallets.ensurePlatform(announced.currency)
  const { replayed } = await once(deps.db, { ownerId: callerId, key, hash }, async tx => {
    const topUp = await lockTopUp(tx, topUpId)
    if (topUp === null) throw notFound('topUp')
    if (topUp.state !== 'pending') throw topUpDecided(topUp.state)
    const { resellerId, currency, amount, reference } = topUp
    const accounts = await openWallet(tx, resellerId, currency)
    const movement = { subjectId: topUpId, currency, amount, ...(reference === null ? {} : { note: reference }) }
    const draft = creditDraft(movement, accounts, fundingAccount(deps.wallets, currency))
    await adjust(tx, { draft, accounts, resellerId, kind: 'credit', reference, actor })
    await decideTopUp(tx, topUpId, { state: 'credited', decidedBy: actor, transferId: draft.id })
    return {}
  })
  const topUp = await findTopUp(deps.db, topUpId)
  if (topUp === null) throw notFound('topUp')
  return { topUp, replayed }
}
