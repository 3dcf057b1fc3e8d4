/** The OpenAPI document, a reader for it that needs no network, and a page for each problem type. */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { DomainError, ERROR_CODES, type ErrorCode } from '../../kit/errors.ts'
import { PROBLEMS } from '../problem.ts'
import { sendProblem } from './errors.ts'

const bearer = (description: string, bearerFormat: string) => ({ type: 'http' as const, scheme: 'bearer', bearerFormat, description })

const TAGS: readonly (readonly [string, string])[] = [
  ['Catalog', 'Products, SKUs, prices and the feed of their changes, as a reseller sees them.'],
  ['Quotes', 'Prices that hold for a while.'],
  ['Orders', 'Buying cards and reading them.'],
  ['Wallet', 'The prepaid balance and every movement on it.'],
  ['Events', "What happened, in order, to be read at one's own pace."],
  ['Webhook endpoints', 'Where to send events, and what became of each of them.'],
  ['Supplier push', 'What suppliers send by themselves, signed.'],
  ['Operator: accounts', 'Resellers, suppliers and API keys.'],
  ['Operator: catalog', 'Products, SKUs and prices.'],
  ['Operator: stock', 'Imports, cards and the reveal log.'],
  ['Operator: suppliers', 'Suppliers, and which of them a SKU is bought from.'],
  ['Operator: wallets', 'Credits, debits, top-ups and credit lines.'],
  ['Operator: orders', 'Orders of all resellers.'],
  ['Operator: facades', 'Shops that connect by the protocol of their own software.'],
  ['Operator: system', 'The proof that the books are right.'],
  ['System', 'Health and metrics.']
]

/** The reader and all that it needs come from here; the styles that it sets on its elements count as inline. */
const READER_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

export const docsPlugin = fp(
  async app => {
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'kahub',
          version: '0.1.0',
          summary: 'Headless fulfillment hub for digital goods.',
          description:
            'Resellers hold prepaid wallets and order over this API; each card is issued once and each movement of money happens once. ' +
            'Every POST that moves money or cards takes an `Idempotency-Key`: repeat a request whose answer you did not get with the same key.\n\n' +
            'Every error is `application/problem+json` with a stable `code`.',
          license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
          contact: { name: 'kahub', url: 'https://github.com/kahub' }
        },
        servers: [{ url: '/', description: 'This server.' }],
        tags: TAGS.map(([name, description]) => ({ name, description })),
        components: {
          securitySchemes: {
            resellerKey: bearer("A reseller's API key.", 'kh_live_…'),
            operatorKey: bearer("An operator's API key.", 'kh_live_…'),
            operatorJwt: bearer('A JWT of the configured issuer, with operator scopes in `scope`.', 'JWT')
          }
        }
      },
      refResolver: { buildLocalReference: (json, _base, _fragment, index) => (typeof json['$id'] === 'string' ? json['$id'] : `schema${index}`) },
      transform: ({ schema, url, route }) => ({
        schema: schema?.operationId === undefined ? { ...schema, hide: true } : withProblems(schema, route.config),
        url
      }),
      transformObject: document => ('openapiObject' in document ? withTrueRequired(document.openapiObject) : document.swaggerObject)
    })
    await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: READER_POLICY, uiConfig: { deepLinking: true, displayRequestDuration: true } })
    addRoutes(app)
  },
  { name: 'docs', dependencies: ['errors'] }
)

function addRoutes(app: FastifyInstance): void {
  let document: string | undefined
  app.get('/openapi.json', { schema: { hide: true } }, (_request, reply) => {
    document ??= JSON.stringify(app.swagger())
    return reply.type('application/json; charset=utf-8').send(document)
  })
  app.get<{ Params: { code: string } }>('/docs/problems/:code', { schema: { hide: true } }, (request, reply) => {
    const code = ERROR_CODES.find(each => each === request.params.code)
    if (code === undefined) return sendProblem(request, reply, new DomainError('not_found', 'No such problem type.'))
    reply.header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
    return reply.type('text/html; charset=utf-8').send(problemPage(code))
  })
}

interface OperationLike {
  parameters?: { name?: string; description?: string; required?: boolean; schema?: { default?: unknown } }[]
}

/** A query parameter with a default is optional; a header that is validated by its operation, with a code of its own, is not. */
function withTrueRequired<T extends { paths?: object }>(document: T): T {
  for (const path of Object.values(document.paths ?? {})) {
    for (const { parameters = [] } of Object.values(path as Record<string, OperationLike>)) {
      for (const parameter of parameters) {
        if (parameter.schema?.default !== undefined) parameter.required = false
        if (parameter.name === 'idempotency-key' && parameter.description?.startsWith('Required')) parameter.required = true
      }
    }
  }
  return document
}

function problemPage(code: ErrorCode): string {
  const { status, title, titleZh, advice, retryable } = PROBLEMS[code]
  const html = advice
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/`([^`]+)`/g, '<code>$1</code>')
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${code}</title>
<body style="font-family:sans-serif;max-width:40em;margin:3em auto">
<h1><code>${code}</code></h1><p><b>${title}</b> · ${titleZh} · HTTP ${status}</p><p>${html}</p>
<p>${retryable === true ? 'Retryable: send the same request with the same <code>Idempotency-Key</code>.' : 'Not retryable as it is.'}</p>
<p><a href="/docs">API reference</a></p></body></html>`
}

function withProblems<S extends { readonly response?: unknown }>(schema: S, config: { readonly problems?: object } | undefined): S {
  return { ...schema, response: { ...(schema.response as object), ...config?.problems } }
}
