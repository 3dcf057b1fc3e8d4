import type { Static } from 'typebox'
import { fromMoneyText } from '../../kit/money.ts'
import type { Push } from './push.ts'
import type { PushBody } from './schemas.ts'

/** Throws: validation_failed. */
export function fromApiPush({ type, data: { unitCost, ...data } }: Static<typeof PushBody>): Pick<Push, 'type' | 'data'> {
  return { type, data: unitCost === undefined ? data : { ...data, unitCost: fromMoneyText(unitCost, '/data/unitCost') } }
}
