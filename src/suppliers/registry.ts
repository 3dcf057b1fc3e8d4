/** The adapters that a supplier may be created with. A new one is added here, and nowhere else in the code. */
import { acgFaka } from './adapters/acg-faka/index.ts'
import { bamboo } from './adapters/bamboo/index.ts'
import { dujiaoNext } from './adapters/dujiao-next/index.ts'
import { example } from './adapters/example/index.ts'
import { fulu } from './adapters/fulu/index.ts'
import { kahub } from './adapters/kahub/index.ts'
import { kakayun } from './adapters/kakayun/index.ts'
import { kasushou } from './adapters/kasushou/index.ts'
import { kayixin } from './adapters/kayixin/index.ts'
import { kinguin } from './adapters/kinguin/index.ts'
import { reloadly } from './adapters/reloadly/index.ts'
import type { SupplierAdapter } from './contract.ts'

export const ADAPTERS: readonly SupplierAdapter[] = [acgFaka, bamboo, dujiaoNext, example, fulu, kahub, kakayun, kasushou, kayixin, kinguin, reloadly]

const byName = new Map(ADAPTERS.map(adapter => [adapter.name, adapter]))

export const findAdapter = (name: string): SupplierAdapter | null => byName.get(name) ?? null
