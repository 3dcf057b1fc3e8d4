import type { Static } from 'typebox'
import { fromMoneyText } from '../../kit/money.ts'
import type { Push } from './push.ts'
import type { PushBody } from './schemas.ts'

/** Throws: validation_failed. */
export function fromApiPush({ type, timestamp, data: { unitCost, ...data } }: Static<typeof PushBody>): Pick<Push, 'type' | 'at' | 'data'> {
  const at = timestamp === undefined ? new Date() : new Date(timestamp)
  return { type, at, data: unitCost === undefined ? data : { ...data, unitCost: fromMoneyText(unitCost, '/data/unitCost') } }
}
