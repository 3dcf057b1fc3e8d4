import type { Db } from '../../kit/db/index.ts'
import { toApiId } from '../../kit/ids.ts'
import { type Money, toMoneyText } from '../../kit/money.ts'
import { publish } from '../../kit/outbox.ts'
import type { SupplierBalance } from '../contract.ts'
import { type BalanceRow, lockBalance, writeBalance } from './sync-repository.ts'

export interface BalanceNote {
  readonly name: string
  /** What operators are told; null: nothing that they do not know. */
  readonly crossing: 'low' | 'restored' | null
}

/** Keeps what a supplier says is left with it; operators are told once when it gets low, and once when it is not any more. Throws: nothing of its own. */
export async function noteBalance(db: Db, supplierId: string, balance: SupplierBalance): Promise<BalanceNote | null> {
  return await db.tx(async tx => {
    const row = await lockBalance(tx, supplierId)
    if (row === null) return null
    const isLow = isBelow(balance, row.lowBalance)
    const crossing = isLow === row.wasLow ? null : isLow ? 'low' : 'restored'
    await writeBalance(tx, supplierId, balance, isLow)
    if (crossing !== null) await publish(tx, [event(crossing, row, balance)])
    return { name: row.name, crossing }
  })
}

/** A threshold in another currency says nothing. */
const isBelow = ({ amount, currency }: SupplierBalance, low: Money | null): boolean =>
  low !== null && low.currency === currency && amount < low.amount

const event = (crossing: 'low' | 'restored', { supplierId, name, lowBalance }: BalanceRow, { amount, currency }: SupplierBalance) => ({
  type: `supplier.balance_${crossing}`,
  resellerId: null,
  subjectId: supplierId,
  data: {
    supplierId: toApiId('supplier', supplierId),
    name,
    balance: toMoneyText(amount, currency),
    threshold: lowBalance === null ? null : toMoneyText(lowBalance.amount, lowBalance.currency)
  }
})
