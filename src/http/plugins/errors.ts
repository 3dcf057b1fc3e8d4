/** Every answer that is not a success is a problem, the router's and the parser's own errors included. */
import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { toDomainError } from '../../kit/db/index.ts'
import { DomainError, type FieldError } from '../../kit/errors.ts'
import { internalError, PROBLEM_CONTENT_TYPE, toProblem } from '../problem.ts'
import { newRequestId } from './request-context.ts'

export const errorsPlugin = fp(
  async app => {
    const patterns: { method: string; pattern: RegExp }[] = []
    app.addHook('onRoute', ({ method, url }) => {
      const pattern = new RegExp(`^${url.replaceAll(/:[A-Za-z]+/g, '[^/]+').replaceAll('*', '.*')}$`)
      for (const each of [method].flat()) patterns.push({ method: each, pattern })
    })
    // Node would answer 417 by itself; an expectation that is not known may as well be ignored (RFC 9110, 10.1.1).
    app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
    app.setErrorHandler((error: FastifyError, request, reply) => sendProblem(request, reply, toHttpError(error)))
    app.server.on('connect', (_request, socket) => socket.end(problemResponse(methodNotAllowed('CONNECT'), newRequestId(), 'allow: GET\r\n')))
    const notFound = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
      const path = request.url.split('?', 1)[0] ?? ''
      const allowed = new Set(patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))
      if (allowed.size === 0 || allowed.has(request.method)) return sendProblem(request, reply, new DomainError('not_found', 'No such path.'))
      reply.header('allow', [...allowed].join(', '))
      return sendProblem(request, reply, methodNotAllowed(request.method))
    }
    app.setNotFoundHandler(notFound)
    app.addHook('preParsing', (request, reply, payload, done) => {
      // Before its body is judged, which nobody would have read.
      if (request.is404) return void notFound(request, reply)
      done(headFault(request), payload)
    })
  },
  { name: 'errors' }
)

const methodNotAllowed = (method: string): DomainError => new DomainError('method_not_allowed', `${method} is not possible here.`)

/** What is wrong with the head of a request, whatever its route. */
function headFault({ headers, method, raw }: FastifyRequest): DomainError | null {
  if (headers.host === undefined && raw.httpVersion === '1.1') return badBody('The header Host is missing.')
  const encoding = headers['content-encoding']
  if (encoding === undefined || encoding === 'identity' || method === 'GET' || method === 'HEAD') return null
  return new DomainError('unsupported_media_type', 'Bodies are taken without Content-Encoding.')
}

/** Where the error itself does not say when to come back. */
const RETRY_AFTER_SECONDS = 1

export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: DomainError): FastifyReply {
  request.problemCode = error.code
  const problem = toProblem(error, { path: pathOf(request), requestId: request.id, language: preferredLanguage(request.headers['accept-language']) })
  if (problem.status >= 500) request.log.error({ err: error.cause ?? error, code: error.code }, 'request failed')
  const retryAfter = error.retryAfterSeconds ?? (problem.retryable ? RETRY_AFTER_SECONDS : undefined)
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer')
  return reply.code(problem.status).header('content-type', PROBLEM_CONTENT_TYPE).serializer(JSON.stringify).send(problem)
}

const pathOf = (request: FastifyRequest): string => request.originalUrl.split('?', 1)[0]?.slice(0, 2000) ?? '/'

const NO_SUCH_PATH = '/%20'

/** For Fastify's `rewriteUrl`: a path that cannot be decoded names nothing, and is answered by the handler of what is not found. */
export function decodableUrl({ url = '/' }: { readonly url?: string | undefined }): string {
  if (!url.includes('%')) return url
  try {
    decodeURIComponent(url.split(/[?#]/, 1)[0] ?? '')
    return url
  } catch {
    return NO_SUCH_PATH
  }
}

const LANGUAGE = /(?:^|,)\s*(zh|en)(?:-[a-z0-9-]*)?(?![a-z])\s*(?:;\s*q=([0-9.]+))?/gi

/** Chinese if Accept-Language gives it more weight than English, or as much and names it first. */
export function preferredLanguage(header: string | undefined): 'en' | 'zh' {
  const best = { language: 'en', weight: 0 }
  for (const [, language = '', weight = '1'] of header?.matchAll(LANGUAGE) ?? []) {
    if (Number(weight) > best.weight) Object.assign(best, { language: language.toLowerCase(), weight: Number(weight) })
  }
  return best.language === 'zh' ? 'zh' : 'en'
}

const PARSER_ERRORS: Readonly<Record<string, (error: FastifyError) => DomainError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () => new DomainError('payload_too_large', 'The body is larger than this operation accepts.'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => new DomainError('unsupported_media_type', 'This operation does not take this content type.'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => badBody('The body does not have the length that Content-Length says.'),
  FST_ERR_CTP_EMPTY_JSON_BODY: () => badBody('The body is empty.'),
  FST_ERR_CTP_INVALID_JSON_BODY: () => badBody('The body is not valid JSON.')
}

export const badBody = (message: string): DomainError => new DomainError('validation_failed', message, { errors: [{ pointer: '', message }] })

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
  if (context === 'params') return new DomainError('not_found', 'No such id.')
  const prefix = context === 'body' ? '' : `/${context === 'querystring' ? 'query' : context}`
  const errors: FieldError[] = (error.validation ?? []).slice(0, 20).map(item => {
    const extra = item.params.additionalProperty ?? item.params.missingProperty
    const field = typeof extra === 'string' ? `/${extra.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')}` : ''
    return { pointer: readable(`${prefix}${item.instancePath.slice(0, 300)}${field}`), message: item.message ?? 'is not valid' }
  })
  return new DomainError('validation_failed', 'The request is not valid.', { errors })
}

/** A caller's own field name may be any text; what goes back is text that every reader of JSON takes. */
const readable = (text: string): string => text.toWellFormed().replaceAll('\0', '\uFFFD')

/** For errors before there is a request: malformed HTTP, headers that are too large, a client that never finishes. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable) return void socket.destroy()
  const end = (): void => void socket.end(problemResponse(clientError(error.code), newRequestId()))
  // What arrived whole before this is still being worked on, and has the right to its own answer.
  const running = (socket as Socket & { _httpMessage?: ServerResponse | null })._httpMessage
  if (running?.req.complete) running.once('close', end)
  else end()
}

function clientError(code: string | undefined): DomainError {
  if (code === 'HPE_HEADER_OVERFLOW') return new DomainError('header_too_large', 'The headers are too large.')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new DomainError('request_timeout', 'The request did not arrive in time.')
  return badBody('This is not an HTTP request that can be read.')
}

function problemResponse(error: DomainError, requestId: string, headers = ''): string {
  const problem = toProblem(error, { path: '/', requestId, language: 'en' })
  const body = JSON.stringify(problem)
  return (
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\ncontent-type: ${PROBLEM_CONTENT_TYPE}\r\n` +
    `content-length: ${Buffer.byteLength(body)}\r\nx-request-id: ${requestId}\r\n${headers}connection: close\r\n\r\n${body}`
  )
}
