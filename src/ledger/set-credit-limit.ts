import type { Tx } from '../kit/db/index.ts'
import { DomainError } from '../kit/errors.ts'
import { updateCreditLimit } from './repository.ts'

/**
 * Sets how far below zero the account may go.
 * Throws: state_conflict (it is further below zero already).
 */
export async function setCreditLimit(tx: Tx, accountId: string, limit: bigint): Promise<void> {
  const set = await updateCreditLimit(tx, accountId, limit)
  if (!set) throw new DomainError('state_conflict', 'The account already owes more than this limit.')
}
