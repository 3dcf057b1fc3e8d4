/** The operators' routes, and each protocol under a path of its own. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { acgFakaRoutes, type FacadeDeps } from './acg-faka/routes.ts'
import type { Protocol } from './protocol.ts'
import { changeCredentialRoutes } from './routes/change-credential.ts'
import type { FacadeAdminDeps } from './routes/deps.ts'
import { issueCredentialRoute } from './routes/issue-credential.ts'
import { listCredentialsRoute } from './routes/list-credentials.ts'
import { skuKindRoutes } from './routes/sku-kind.ts'

const ADMIN = [issueCredentialRoute, listCredentialsRoute, changeCredentialRoutes, skuKindRoutes]

const SHOPS: Readonly<Record<Protocol, (deps: FacadeDeps) => FastifyPluginAsyncTypebox>> = { 'acg-faka': acgFakaRoutes }

export const facadesRoutes =
  (deps: FacadeAdminDeps & FacadeDeps): FastifyPluginAsyncTypebox =>
  async app => {
    for (const register of ADMIN) register(app, deps)
    for (const [protocol, routes] of Object.entries(SHOPS)) await app.register(routes(deps), { prefix: `/facades/${protocol}` })
  }
