import { money } from './money.ts'
import type { Mutant } from './mutant.ts'
import { orders } from './orders.ts'
import { outside } from './outside.ts'
import { purchases } from './purchases.ts'
import { secrets } from './secrets.ts'

export const MUTANTS: readonly Mutant[] = [...orders, ...money, ...purchases, ...outside, ...secrets]
