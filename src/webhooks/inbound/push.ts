/** What a supplier may push. Pure. */
import { invalid } from '../../kit/errors.ts'
import type { Money } from '../../kit/money.ts'

export const PUSH_TYPES = ['stock.added', 'stock.level', 'price.changed', 'card.revoked', 'order.fulfilled', 'order.failed'] as const

export type PushType = (typeof PUSH_TYPES)[number]

export interface PushedCard {
  readonly number?: string | null
  readonly secret: string
  readonly expiresAt?: string | null
}

export interface PushData {
  readonly productCode?: string
  readonly unitCost?: Money
  readonly cards?: readonly PushedCard[]
  readonly available?: number
  readonly reference?: string
  readonly orderId?: string
  readonly reason?: string
}

export interface Push {
  readonly supplierId: string
  /** Counts once for ever. */
  readonly webhookId: string
  /** Of the raw body. */
  readonly bodyHash: Buffer
  readonly type: PushType
  /** When it happened, as the supplier says; or when it came. */
  readonly at: Date
  readonly data: PushData
}

/** Without secrets: it is stored, and told again when the push comes again. */
export type PushResult = Readonly<Record<string, unknown>>

interface Fields {
  readonly required: readonly (keyof PushData)[]
  readonly optional: readonly (keyof PushData)[]
}

const FIELDS: Readonly<Record<PushType, Fields>> = {
  'stock.added': { required: ['productCode', 'cards'], optional: ['unitCost'] },
  'stock.level': { required: ['productCode', 'available'], optional: [] },
  'price.changed': { required: ['productCode', 'unitCost'], optional: [] },
  'card.revoked': { required: ['cards'], optional: ['productCode', 'reason'] },
  'order.fulfilled': { required: ['reference'], optional: ['orderId'] },
  'order.failed': { required: ['reference'], optional: ['orderId', 'reason'] }
}

/** The schema knows all fields; which of them belong to a type is checked here. Throws: validation_failed. */
export function checkFields(type: PushType, data: PushData): void {
  const { required, optional } = FIELDS[type]
  const allowed: readonly string[] = [...required, ...optional]
  for (const field of required) if (data[field] === undefined) throw invalid(`/data/${field}`, `is required in ${type}`)
  for (const field of Object.keys(data)) if (!allowed.includes(field)) throw invalid(`/data/${field}`, `does not belong to ${type}`)
}
