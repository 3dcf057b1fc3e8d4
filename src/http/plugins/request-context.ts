/** A request id on every answer and log line, and one log line for each finished request. */
import { randomBytes } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { parseTraceparent, type Tracer } from '../../kit/tracing.ts'

const PROCESS_PART = randomBytes(6).toString('base64url').replaceAll(/[-_]/g, 'x')
let counter = 0
const API_ID = /^[a-z]{2,6}_[0-9a-f-]{36}$/

/** Unique across processes by its random part; short, because it stands on every line. */
export const newRequestId = (): string => `req_${PROCESS_PART}${(counter++).toString(36).padStart(6, '0')}`

declare module 'fastify' {
  interface FastifyRequest {
    /** What the request is about, for its log line, where the path does not say: the API id of an order that it placed. */
    subject: string | null
    /** The code of the problem that it is answered with. */
    problemCode: string | null
  }
}

export interface RequestContextOptions {
  /** Called once for each finished request. */
  readonly observe: (operation: string, status: number, seconds: number, problemCode: string | null) => void
  readonly tracer?: Tracer | null
}

export const requestContextPlugin = fp<RequestContextOptions>(
  async (app, { observe, tracer = null }) => {
    // Here and not in the auth plugin, so that the routes that are registered before that one have it as well.
    app.decorateRequest('principal', null)
    app.decorateRequest('subject', null)
    app.decorateRequest('problemCode', null)
    app.addHook('onSend', (request, reply, payload, done) => {
      reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff')
      done(null, payload)
    })
    app.addHook('onResponse', (request, reply, done) => {
      const operation = operationOf(request.routeOptions.schema)
      const traceId = trace(tracer, request, { operation, status: reply.statusCode, ms: reply.elapsedTime })
      observe(operation, reply.statusCode, reply.elapsedTime / 1000, request.problemCode)
      request.log.info(
        {
          method: request.method,
          route: request.routeOptions.url ?? null,
          ...subjectOf(request),
          status: reply.statusCode,
          ms: Math.round(reply.elapsedTime * 10) / 10,
          ...(traceId === null ? {} : { traceId }),
          ...(request.problemCode === null ? {} : { code: request.problemCode }),
          ...(request.principal === null ? {} : { actor: request.principal.actor })
        },
        'request'
      )
      done()
    })
  },
  { name: 'request-context' }
)

interface Finished {
  readonly operation: string
  readonly status: number
  readonly ms: number
}

/** The trace that the request belongs to, if there is one; its span is recorded if it is sampled. */
function trace(tracer: Tracer | null, request: FastifyRequest, { operation, status, ms }: Finished): string | null {
  const { traceparent } = request.headers
  if (tracer === null && traceparent === undefined) return null
  const parent = parseTraceparent(traceparent)
  const traceId = tracer?.traceOf(parent) ?? null
  if (tracer === null || traceId === null) return parent?.traceId ?? null
  const endedAtMs = Date.now()
  const { subject } = subjectOf(request)
  tracer.record({
    name: operation,
    kind: 'server',
    traceId,
    parentId: parent?.spanId,
    startedAtMs: endedAtMs - ms,
    endedAtMs,
    isError: status >= 500,
    attributes: {
      'http.request.method': request.method,
      'http.route': request.routeOptions.url ?? '',
      'http.response.status_code': status,
      'kahub.request_id': request.id,
      ...(subject === undefined ? {} : { 'kahub.subject': subject }),
      ...(request.problemCode === null ? {} : { 'error.type': request.problemCode })
    }
  })
  return traceId
}

/** The id in the path, or of what was placed. Ids are no secrets; whatever else is in a path of ours is an id that is none. */
function subjectOf({ subject, params, routeOptions }: FastifyRequest): { subject?: string } {
  if (subject !== null) return { subject }
  if (routeOptions.url?.includes(':') !== true) return {}
  const id = Object.values(params as Record<string, unknown>).find(value => typeof value === 'string' && API_ID.test(value))
  return typeof id === 'string' ? { subject: id } : {}
}

function operationOf(schema: unknown): string {
  return (schema as { operationId?: string } | undefined)?.operationId ?? 'none'
}
