/** The operators' routes, and each protocol under a path of its own. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { acgFakaRoutes } from './acg-faka/routes.ts'
import { dujiaoNextRoutes } from './dujiao-next/routes.ts'
import { goofishRoutes } from './goofish/routes.ts'
import { kasushouRoutes } from './kasushou/routes.ts'
import type { Protocol } from './protocol.ts'
import { changeCredentialRoutes } from './routes/change-credential.ts'
import type { FacadeAdminDeps } from './routes/deps.ts'
import { issueCredentialRoute } from './routes/issue-credential.ts'
import { listCredentialsRoute } from './routes/list-credentials.ts'
import { skuKindRoutes } from './routes/sku-kind.ts'
import type { FacadeDeps } from './shop.ts'

const ADMIN = [issueCredentialRoute, listCredentialsRoute, changeCredentialRoutes, skuKindRoutes]

const SHOPS: Readonly<Record<Protocol, (deps: FacadeDeps) => FastifyPluginAsyncTypebox>> = {
  'acg-faka': acgFakaRoutes,
  'dujiao-next': dujiaoNextRoutes,
  goofish: goofishRoutes,
  kasushou: kasushouRoutes
}

export const facadesRoutes =
  (deps: FacadeAdminDeps & FacadeDeps): FastifyPluginAsyncTypebox =>
  async app => {
    for (const register of ADMIN) register(app, deps)
    for (const [protocol, routes] of Object.entries(SHOPS)) await app.register(routes(deps), { prefix: `/facades/${protocol}` })
  }
