import type { Scenario } from '../scenario.ts'
import { capacity } from './capacity.ts'
import { connections10k } from './connections-10k.ts'
import { history } from './history.ts'
import { hotSku } from './hot-sku.ts'
import { hourDecay } from './hour-decay.ts'
import { idleBuyer } from './idle-buyer.ts'
import { importCopy } from './import-copy.ts'
import { manySkus } from './many-skus.ts'
import { oneWallet } from './one-wallet.ts'
import { changesRead, skuRead } from './reads.ts'
import { refusals } from './refusals.ts'
import { stock10m } from './stock-10m.ts'
import { twoInstances } from './two-instances.ts'
import { upstream } from './upstream.ts'

/** In the order in which they run: what is short and what matters most first. */
export const SCENARIOS: readonly Scenario[] = [
  hotSku,
  idleBuyer,
  refusals,
  skuRead,
  changesRead,
  twoInstances,
  connections10k,
  importCopy,
  manySkus,
  oneWallet,
  upstream,
  capacity,
  stock10m,
  history,
  hourDecay
]
