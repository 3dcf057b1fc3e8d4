/** Builds the HTTP application: plugins in visible order, then the modules' routes. Does not listen and reads no environment. */
import AjvCompiler from '@fastify/ajv-compiler'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyBaseLogger, LogController } from 'fastify'
import { accountsRoutes, accountsSchemas } from './accounts/index.ts'
import { catalogRoutes, catalogSchemas } from './catalog/index.ts'
import {
  authPlugin,
  clientErrorAnswer,
  docsPlugin,
  errorsPlugin,
  MoneySchema,
  newRequestId,
  ProblemSchema,
  rateLimitPlugin,
  requestContextPlugin,
  SignedMoneySchema
} from './http/index.ts'
import { invariantsRoutes, invariantsSchemas } from './invariants/index.ts'
import { inventoryRoutes, inventorySchemas } from './inventory/index.ts'
import { ordersRoutes, ordersSchemas } from './orders/index.ts'
import { pricingRoutes, pricingSchemas } from './pricing/index.ts'
import type { Services } from './services.ts'
import { systemRoutes } from './system-routes.ts'
import { walletRoutes, walletSchemas } from './wallet/index.ts'
import { webhooksRoutes, webhooksSchemas } from './webhooks/index.ts'

/** The largest order batch is well below; imports have a limit of their own. */
const BODY_LIMIT_BYTES = 1_048_576
/** A client that sends its request more slowly than this is cut off. */
const REQUEST_TIMEOUT_MS = 30_000
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
  ...ordersSchemas,
  ...webhooksSchemas,
  ...invariantsSchemas
]

export async function buildApp(services: Services, log: FastifyBaseLogger) {
  const app = Fastify({
    loggerInstance: log,
    genReqId: newRequestId,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    trustProxy: services.config.trustProxy,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    routerOptions: { maxParamLength: 256 },
    return503OnClosing: false,
    schemaController: { compilersFactory: { buildValidator: strictBodies() } },
    clientErrorHandler: (error, socket) => {
      if (socket.writable) socket.end(clientErrorAnswer((error as NodeJS.ErrnoException).code, newRequestId()))
      else socket.destroy()
    }
  }).withTypeProvider<TypeBoxTypeProvider>()
  for (const schema of SCHEMAS) app.addSchema(schema)
  await app.register(requestContextPlugin, { observe: services.metrics.observeRequest })
  await app.register(errorsPlugin)
  await app.register(docsPlugin)
  await app.register(authPlugin, { authenticate: services.authenticator.authenticate })
  await app.register(rateLimitPlugin, { perPrincipalPerMinute: services.config.rateLimitPerMinute })
  await app.register(systemRoutes(services))
  await app.register(accountsRoutes(services))
  await app.register(walletRoutes(services))
  await app.register(catalogRoutes(services))
  await app.register(pricingRoutes(services))
  await app.register(inventoryRoutes(services))
  await app.register(ordersRoutes(services))
  await app.register(webhooksRoutes(services))
  await app.register(invariantsRoutes(services))
  return app
}

/**
 * Bodies are taken as they are, the rest is text and is coerced. Fastify's default would turn a body's null into "" and [1] into 1,
 * and would drop unknown fields in silence.
 */
function strictBodies(): AjvCompiler.BuildCompilerFromPool {
  const factory = AjvCompiler()
  return (external, options) => {
    const { mode, ...given } = options ?? {}
    if (mode === 'JTD') throw new Error('schemas are JSON schemas here')
    const make = (coerceTypes: false | 'array') =>
      factory(external, {
        ...given,
        customOptions: { ...(given as AjvOptions).customOptions, removeAdditional: false, allErrors: false, coerceTypes }
      })
    const strict = make(false)
    const coerce = make('array')
    return route => (isBody(route) ? strict : coerce)(route)
  }
}

interface AjvOptions {
  customOptions?: AjvCompiler.Options
}

/** What is compiled is a route's part, although the types call it a schema. */
const isBody = (part: unknown): boolean => typeof part === 'object' && part !== null && 'httpPart' in part && part.httpPart === 'body'
