/** Every answer that is not a success is a problem, the router's and the parser's own errors included. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { toDomainError } from '../../kit/db/index.ts'
import { DomainError, type FieldError } from '../../kit/errors.ts'
import { internalError, PROBLEM_CONTENT_TYPE, toProblem } from '../problem.ts'

export const errorsPlugin = fp(
  async app => {
    const patterns: { method: string; pattern: RegExp }[] = []
    app.addHook('onRoute', ({ method, url }) => {
      const pattern = new RegExp(`^${url.replaceAll(/:[A-Za-z]+/g, '[^/]+').replaceAll('*', '.*')}$`)
      for (const each of [method].flat()) patterns.push({ method: each, pattern })
    })
    app.setErrorHandler((error: FastifyError, request, reply) => sendProblem(request, reply, toHttpError(error)))
    app.setNotFoundHandler((request, reply) => {
      const path = pathOf(request)
      const allowed = patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)
      if (allowed.length === 0) return sendProblem(request, reply, new DomainError('not_found', 'No such path.'))
      reply.header('allow', [...new Set(allowed)].join(', '))
      return sendProblem(request, reply, new DomainError('method_not_allowed', `${request.method} is not possible here.`))
    })
  },
  { name: 'errors' }
)

export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: DomainError): FastifyReply {
  const problem = toProblem(error, { path: pathOf(request), requestId: request.id, language: preferredLanguage(request.headers['accept-language']) })
  if (problem.status >= 500) request.log.error({ err: error.cause ?? error, code: error.code }, 'request failed')
  if (error.retryAfterSeconds !== undefined) reply.header('retry-after', error.retryAfterSeconds)
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer')
  return reply.code(problem.status).header('content-type', PROBLEM_CONTENT_TYPE).serializer(JSON.stringify).send(problem)
}

const pathOf = (request: FastifyRequest): string => request.url.split('?', 1)[0]?.slice(0, 2000) ?? '/'

/** Chinese if it stands before English in Accept-Language; weights are rarely sent out of order. */
export function preferredLanguage(header: string | undefined): 'en' | 'zh' {
  if (header === undefined) return 'en'
  const first = /\b(zh|en)\b/i.exec(header)?.[1]
  return first?.toLowerCase() === 'zh' ? 'zh' : 'en'
}

const PARSER_ERRORS: Readonly<Record<string, (error: FastifyError) => DomainError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () => new DomainError('payload_too_large', 'The body is larger than this operation accepts.'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => new DomainError('unsupported_media_type', 'This operation does not take this content type.'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => badBody('The body does not have the length that Content-Length says.'),
  FST_ERR_CTP_EMPTY_JSON_BODY: () => badBody('The body is empty.'),
  FST_ERR_CTP_INVALID_JSON_BODY: () => badBody('The body is not valid JSON.')
}

const badBody = (message: string): DomainError => new DomainError('validation_failed', message, { errors: [{ pointer: '', message }] })

/** Fastify's, the parser's, the database's and our own errors, as one of ours. What is unknown is a defect and says nothing. */
function toHttpError(error: FastifyError): DomainError {
  const known = toDomainError(error)
  if (known instanceof DomainError) return known
  if (error.validation !== undefined) return validationError(error)
  const parser = PARSER_ERRORS[error.code]
  if (parser !== undefined) return parser(error)
  if (error.statusCode === 413) return new DomainError('payload_too_large', 'The body is too large.')
  if (error.statusCode === 415) return new DomainError('unsupported_media_type', 'This operation does not take this content type.')
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) return badBody('The request cannot be read.')
  return internalError(error)
}

function validationError(error: FastifyError): DomainError {
  const context = error.validationContext ?? 'body'
  const prefix = context === 'body' ? '' : `/${context === 'querystring' ? 'query' : context}`
  const errors: FieldError[] = (error.validation ?? []).slice(0, 20).map(item => {
    const extra = item.params.additionalProperty ?? item.params.missingProperty
    const field = typeof extra === 'string' ? `/${extra.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')}` : ''
    return { pointer: `${prefix}${item.instancePath.slice(0, 300)}${field}`, message: item.message ?? 'is not valid' }
  })
  return new DomainError('validation_failed', 'The request is not valid.', { errors })
}

/** For errors before there is a request: malformed HTTP, headers that are too large, a client that never finishes. */
export function clientErrorAnswer(code: string | undefined, requestId: string): string {
  const error =
    code === 'HPE_HEADER_OVERFLOW'
      ? new DomainError('header_too_large', 'The headers are too large.')
      : code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? new DomainError('request_timeout', 'The request did not arrive in time.')
        : new DomainError('validation_failed', 'This is not an HTTP request that can be read.')
  const problem = toProblem(error, { path: '/', requestId, language: 'en' })
  const body = JSON.stringify(problem)
  return (
    `HTTP/1.1 ${problem.status} ${problem.title}\r\ncontent-type: ${PROBLEM_CONTENT_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
    `x-request-id: ${requestId}\r\nconnection: close\r\n\r\n${body}`
  )
}
