/** Wallets, for resellers and operators. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { adjustWalletRoutes } from './routes/adjust-wallet.ts'
import { operatorAlertsRoutes, ownAlertsRoutes } from './routes/alerts.ts'
import { decideTopUpRoutes } from './routes/decide-top-up.ts'
import type { WalletDeps } from './routes/deps.ts'
import { getWalletRoutes } from './routes/get-wallet.ts'
import { listTopUpsRoutes } from './routes/list-top-ups.ts'
import { listWalletEntriesRoutes } from './routes/list-wallet-entries.ts'
import { requestTopUpRoute } from './routes/request-top-up.ts'
import { setCreditLimitRoute } from './routes/set-credit-limit.ts'

const ROUTES = [
  getWalletRoutes,
  listWalletEntriesRoutes,
  requestTopUpRoute,
  listTopUpsRoutes,
  adjustWalletRoutes,
  setCreditLimitRoute,
  decideTopUpRoutes,
  ownAlertsRoutes,
  operatorAlertsRoutes
]

export const walletRoutes =
  (deps: WalletDeps): FastifyPluginAsyncTypebox =>
  async app => {
    for (const register of ROUTES) register(app, deps)
  }
