/** Builds the HTTP application: plugins in visible order, then the modules' routes. Does not listen and reads no environment. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyBaseLogger, LogController } from 'fastify'
import { accountsRoutes, accountsSchemas } from './accounts/index.ts'
import { auditRoutes, auditSchemas } from './audit/index.ts'
import { catalogRoutes, catalogSchemas } from './catalog/index.ts'
import { createHostPaths, facadesRoutes, facadesSchemas } from './facades/index.ts'
import {
  answerClientError,
  answersPlugin,
  auditPlugin,
  authPlugin,
  decodableUrl,
  docsPlugin,
  drainPlugin,
  errorsPlugin,
  jsonBodiesPlugin,
  MoneySchema,
  newRequestId,
  ProblemSchema,
  rateLimitPlugin,
  requestContextPlugin,
  SignedMoneySchema,
  strictValidators
} from './http/index.ts'
import { invariantsRoutes, invariantsSchemas } from './invariants/index.ts'
import { inventoryRoutes, inventorySchemas } from './inventory/index.ts'
import { ordersRoutes, ordersSchemas } from './orders/index.ts'
import { pricingRoutes, pricingSchemas } from './pricing/index.ts'
import type { Services } from './services.ts'
import { suppliersRoutes, suppliersSchemas } from './suppliers/index.ts'
import { systemRoutes } from './system-routes.ts'
import { walletRoutes, walletSchemas } from './wallet/index.ts'
import { webhooksRoutes, webhooksSchemas } from './webhooks/index.ts'

/** Headers that take longer are an attack. */
const HEADERS_TIMEOUT_MS = 8_000
/** How often Node looks for such connections. */
const CONNECTIONS_CHECK_MS = 2_000
/** A whole request, an import of a million keys over a slow line included; that route also has a limit on silence of its own. */
const REQUEST_TIMEOUT_MS = 900_000
/** Longer than Node lets a whole request head be: the router itself refuses no id. */
const MAX_PARAM_LENGTH = 65_536
const KEEP_ALIVE_TIMEOUT_MS = 65_000

const SCHEMAS = [
  MoneySchema,
  SignedMoneySchema,
  ProblemSchema,
  ...accountsSchemas,
  ...walletSchemas,
  ...catalogSchemas,
  ...pricingSchemas,
  ...inventorySchemas,
  ...suppliersSchemas,
  ...ordersSchemas,
  ...webhooksSchemas,
  ...facadesSchemas,
  ...invariantsSchemas,
  ...auditSchemas
]

export async function buildApp(services: Services, log: FastifyBaseLogger) {
  const hostPath = createHostPaths(services.config.facadeHosts)
  const app = Fastify({
    loggerInstance: log,
    genReqId: newRequestId,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    trustProxy: services.config.trustProxy,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // A request without Host is answered like any other that is not valid.
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: CONNECTIONS_CHECK_MS, requireHostHeader: false },
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    rewriteUrl: request => hostPath(request, decodableUrl(request)),
    return503OnClosing: false,
    schemaController: { compilersFactory: { buildValidator: strictValidators() } },
    clientErrorHandler: answerClientError
  }).withTypeProvider<TypeBoxTypeProvider>()
  for (const schema of SCHEMAS) app.addSchema(schema)
  await app.register(requestContextPlugin, { observe: services.metrics.observeRequest, tracer: services.tracer })
  await app.register(errorsPlugin)
  await app.register(jsonBodiesPlugin)
  await app.register(drainPlugin)
  await app.register(answersPlugin)
  await app.register(docsPlugin)
  await app.register(authPlugin, { authenticate: services.authenticator.authenticate })
  await app.register(rateLimitPlugin, { perPrincipalPerMinute: services.config.rateLimitPerMinute })
  await app.register(auditPlugin)
  await app.register(systemRoutes(services))
  // A worker answers health and metrics alone.
  if (services.config.process === 'worker') return app
  await app.register(accountsRoutes(services))
  await app.register(walletRoutes(services))
  await app.register(catalogRoutes(services))
  await app.register(pricingRoutes(services))
  await app.register(inventoryRoutes(services))
  await app.register(suppliersRoutes(services))
  await app.register(ordersRoutes(services))
  await app.register(webhooksRoutes(services))
  await app.register(facadesRoutes(services))
  await app.register(invariantsRoutes(services))
  await app.register(auditRoutes(services))
  return app
}
