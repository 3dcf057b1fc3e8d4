/** Operators' surface of this module: one file for each operation. Of suppliers only the keys: `suppliers/` owns the rest. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { createOperatorKeyRoute } from './routes/create-operator-key.ts'
import { createResellerRoute } from './routes/create-reseller.ts'
import { createResellerKeyRoute } from './routes/create-reseller-key.ts'
import { createSupplierKeyRoute } from './routes/create-supplier-key.ts'
import type { AccountsDeps } from './routes/deps.ts'
import { getAccountRoutes } from './routes/get-account.ts'
import { listAccountsRoutes } from './routes/list-accounts.ts'
import { listKeysRoutes } from './routes/list-keys.ts'
import { pauseAccountRoutes } from './routes/pause-account.ts'
import { resumeAccountRoutes } from './routes/resume-account.ts'
import { revokeKeyRoutes } from './routes/revoke-key.ts'
import { rotateKeyRoutes } from './routes/rotate-key.ts'
import { updateAccountRoutes } from './routes/update-account.ts'

export type { AccountsDeps } from './routes/deps.ts'

const ROUTES = [
  createResellerRoute,
  listAccountsRoutes,
  getAccountRoutes,
  updateAccountRoutes,
  pauseAccountRoutes,
  resumeAccountRoutes,
  createResellerKeyRoute,
  createSupplierKeyRoute,
  listKeysRoutes,
  rotateKeyRoutes,
  revokeKeyRoutes,
  createOperatorKeyRoute
]

export const accountsRoutes =
  (deps: AccountsDeps): FastifyPluginAsyncTypebox =>
  async app => {
    for (const register of ROUTES) register(app, deps)
  }
