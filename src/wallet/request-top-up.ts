import type { Db } from '../kit/db/index.ts'
import { type IdempotentResult, once } from '../kit/idempotency.ts'
import { newId } from '../kit/ids.ts'
import type { Money } from '../kit/money.ts'
import { insertTopUp } from './repository.ts'
import { assertMovable } from './wallet.ts'

export interface RequestTopUp {
  readonly resellerId: string
  readonly amount: Money
  readonly reference: string | null
  readonly key: string
  readonly hash: Buffer
}

/** The announcement as it was made; what became of it is read from the list. */
export interface TopUpRecord {
  readonly id: string
  readonly amount: string
  readonly currency: string
  readonly reference: string | null
  readonly createdAt: string
}

/**
 * Announces a payment that a reseller has made outside of kahub. No money moves until an operator credits it.
 * Throws: validation_failed, reference_taken, idempotency_key_reused, request_in_progress.
 */
export async function requestTopUp(db: Db, input: RequestTopUp): Promise<IdempotentResult<TopUpRecord>> {
  const { resellerId, amount, reference, key, hash } = input
  assertMovable(amount, '/amount')
  return await once(db, { ownerId: resellerId, key, hash }, async tx => {
    const topUp = await insertTopUp(tx, { id: newId(), resellerId, amount: amount.amount, currency: amount.currency, reference })
    return {
      id: topUp.id,
      amount: String(topUp.amount),
      currency: topUp.currency,
      reference: topUp.reference,
      createdAt: topUp.createdAt.toISOString()
    }
  })
}
