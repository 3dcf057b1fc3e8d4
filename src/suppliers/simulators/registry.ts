/** The systems that can be simulated, one for each adapter. */
import type { SimProtocol } from './protocol.ts'
import { acgFakaProtocol } from './protocols/acg-faka.ts'
import { bambooProtocol } from './protocols/bamboo.ts'
import { dujiaoNextProtocol } from './protocols/dujiao-next.ts'
import { exampleProtocol } from './protocols/example.ts'
import { fuluProtocol } from './protocols/fulu.ts'
import { kahubProtocol } from './protocols/kahub.ts'
import { kakayunProtocol } from './protocols/kakayun.ts'
import { kasushouProtocol } from './protocols/kasushou.ts'
import { kayixinProtocol } from './protocols/kayixin.ts'
import { kinguinProtocol } from './protocols/kinguin.ts'
import { reloadlyProtocol } from './protocols/reloadly.ts'

export const PROTOCOLS: readonly SimProtocol[] = [
  acgFakaProtocol,
  bambooProtocol,
  dujiaoNextProtocol,
  exampleProtocol,
  fuluProtocol,
  kahubProtocol,
  kakayunProtocol,
  kasushouProtocol,
  kayixinProtocol,
  kinguinProtocol,
  reloadlyProtocol
]
