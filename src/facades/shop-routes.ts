/** What the routes of all protocols have in common. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { textBody } from '../http/index.ts'
import { isOurFault, UnknownPath, type WireAnswer } from './fault.ts'
import { admitLogin, type Caller, type FacadeLogin } from './login.ts'

export type App = Parameters<FastifyPluginAsyncTypebox>[0]

export interface Exchange {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** Another system's protocol is described by that system: these routes are no part of the OpenAPI document. */
export const shopRoute = (operationId: string) => ({ schema: { hide: true, operationId }, config: { access: 'public' as const } })

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** Bodies as the text that was signed, errors in the words of the protocol, and an answer of the protocol for whatever it does not know. */
export function speak(app: App, mediaTypes: string | string[], name: string, toAnswer: (error: unknown) => WireAnswer): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(mediaTypes, textBody)
  app.addContentTypeParser('*', (request, payload, done) => textBody(request, payload, error => done(error, undefined)))
  app.setErrorHandler((error, request, reply) => {
    if (isOurFault(error)) request.log.error({ err: error }, 'a facade could not answer')
    return send(reply, toAnswer(error))
  })
  for (const [url, what] of [
    ['/*', 'other'],
    ['', 'root']
  ] as const) {
    app.route({
      method: METHODS,
      url,
      ...shopRoute(`${name}.${what}`),
      handler: () => {
        throw new UnknownPath()
      }
    })
  }
}

export const send = (reply: FastifyReply, { status, body }: WireAnswer): FastifyReply =>
  reply.code(status).header('content-type', 'application/json; charset=utf-8').header('cache-control', 'no-store').send(JSON.stringify(body))

/** Of a login whose signature is right. Throws: unauthenticated, ip_not_allowed, account_suspended, rate_limited. */
export async function admitCaller({ request, reply }: Exchange, login: FacadeLogin): Promise<Caller> {
  request.principal = admitLogin(login, request.ip)
  await request.server.limitCaller?.(request, reply)
  return { login, requestId: request.id }
}

/** Throws what the caller is told: too many refused logins of one address are told so. */
export async function refuseCaller({ request, reply }: Exchange, refusal: Error): Promise<never> {
  await request.server.limitRefused?.(request, reply)
  throw refusal
}

/** The text of a body; empty if there is none of the right type. */
export const textOf = ({ body }: FastifyRequest): string => (typeof body === 'string' ? body : '')
