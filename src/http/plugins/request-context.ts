/** A request id on every answer and log line, and one log line for each finished request. */
import { randomBytes } from 'node:crypto'
import fp from 'fastify-plugin'

const PROCESS_PART = randomBytes(6).toString('base64url').replaceAll(/[-_]/g, 'x')
let counter = 0

/** Unique across processes by its random part; short, because it stands on every line. */
export const newRequestId = (): string => `req_${PROCESS_PART}${(counter++).toString(36).padStart(6, '0')}`

export interface RequestContextOptions {
  /** Called once for each finished request. */
  readonly observe: (operation: string, status: number, seconds: number) => void
}

export const requestContextPlugin = fp<RequestContextOptions>(
  async (app, { observe }) => {
    // Here and not in the auth plugin, so that the routes that are registered before that one have it as well.
    app.decorateRequest('principal', null)
    app.addHook('onSend', (request, reply, payload, done) => {
      reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff')
      done(null, payload)
    })
    app.addHook('onResponse', (request, reply, done) => {
      observe(operationOf(request.routeOptions.schema), reply.statusCode, reply.elapsedTime / 1000)
      request.log.info(
        {
          method: request.method,
          route: request.routeOptions.url ?? null,
          status: reply.statusCode,
          ms: Math.round(reply.elapsedTime * 10) / 10,
          ...(request.principal === null ? {} : { actor: request.principal.actor })
        },
        'request'
      )
      done()
    })
  },
  { name: 'request-context' }
)

function operationOf(schema: unknown): string {
  return (schema as { operationId?: string } | undefined)?.operationId ?? 'none'
}
