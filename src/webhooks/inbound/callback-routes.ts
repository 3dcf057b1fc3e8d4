/** Where suppliers call back in formats of their own. In a scope of its own, because the adapters read the bodies byte for byte. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { operation } from '../../http/index.ts'
import { unauthenticated } from '../../kit/errors.ts'
import { parseId } from '../../kit/ids.ts'
import { CALLBACK_PATH } from '../../suppliers/index.ts'
import { acceptCallback, type CallbackDeps } from './accept-callback.ts'
import type { Callback } from './callback.ts'
import { PushParams } from './schemas.ts'

export interface CallbackRouteDeps extends CallbackDeps {
  readonly config: { readonly publicUrl: string | null }
}

/** Callbacks are some kilobytes; those that carry cards, which nobody reads here, some hundred. */
const BODY_MAX_BYTES = 1_048_576
const MEDIA_TYPES = ['application/json', 'application/x-www-form-urlencoded', 'application/xml', 'text/xml', 'text/plain']
const ANSWER_MAX = 1_000
/** Lists of one name: the last one counts, as in most of the systems that call. */
type Query = Readonly<Record<string, string | string[]>>

type App = Parameters<FastifyPluginAsyncTypebox>[0]

export const callbackRoutes =
  (deps: CallbackRouteDeps): FastifyPluginAsyncTypebox =>
  async app => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_MAX_BYTES }, (_request, body, done) => done(null, body))
    route(app, deps, 'POST')
    route(app, deps, 'GET')
  }

const DESCRIPTION =
  'The URL that an order is placed with, where the supplier takes one, and otherwise to be entered at the supplier; set `KAHUB_PUBLIC_URL`. Verified by the signature of ' +
  'the supplier’s own protocol, and acknowledged in its words. It moves nothing by itself: the supplier is asked what became of the order, so a callback may come ' +
  'twice, late, or out of order.'

const anything = { schema: Type.String({ maxLength: ANSWER_MAX, description: 'As the protocol wants it.' }) }
const ACKNOWLEDGED = {
  200: {
    description: 'It was taken.',
    content: { 'text/plain': anything, 'application/json': { schema: Type.Unknown({ description: 'As the protocol wants it.' }) } }
  },
  204: Type.Null({ description: 'It was taken.' })
}

function route(app: App, deps: CallbackRouteDeps, method: 'POST' | 'GET'): void {
  app.route({
    method,
    url: `${CALLBACK_PATH}/:supplierId`,
    ...operation({
      id: method === 'POST' ? 'takeSupplierCallback' : 'takeSupplierCallbackFromQuery',
      tag: 'Supplier push',
      summary: method === 'POST' ? 'Callback of a supplier, in its own format' : 'Callback of a supplier that calls with a query only',
      description: DESCRIPTION,
      access: 'public',
      params: PushParams,
      ...(method === 'POST' ? { consumes: MEDIA_TYPES } : {}),
      response: ACKNOWLEDGED,
      errors: ['unauthenticated', 'not_found']
    }),
    bodyLimit: BODY_MAX_BYTES,
    // Before the id is looked at: what is no id looks like one that is not known.
    preValidation: async (request, reply) => {
      const { supplierId } = request.params as { supplierId: string }
      if (parseId('supplier', supplierId) === null) await refuse(request, reply)
    },
    handler: async (request, reply) => {
      const callback = toCallback(request, request.params.supplierId, deps.config.publicUrl)
      const answer = callback === null ? null : await acceptCallback(deps, callback)
      if (answer === null) return await refuse(request, reply)
      // What the protocol wants, byte for byte.
      return reply
        .code(answer.status === 204 ? 204 : 200)
        .header('content-type', answer.contentType)
        .serializer((payload: unknown) => String(payload))
        .send(answer.body)
    }
  })
}

/** One answer for an unknown supplier, one that calls nobody back, and a wrong signature. */
async function refuse(request: FastifyRequest, reply: FastifyReply): Promise<never> {
  await request.server.limitRefused?.(request, reply)
  throw unauthenticated()
}

function toCallback(request: FastifyRequest, supplier: string, publicUrl: string | null): Callback | null {
  const supplierId = parseId('supplier', supplier)
  if (supplierId === null) return null
  const { body } = request
  const [path = ''] = request.url.split('?')
  const query = Object.entries(request.query as Query).map(([name, value]) => [name, Array.isArray(value) ? (value.at(-1) ?? '') : value])
  const headers = Object.entries(request.headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')])
  return {
    supplierId,
    // Some signatures cover the path; before a balancer it may begin with more.
    headers: { ...Object.fromEntries(headers), ':path': `${prefixOf(publicUrl)}${path}` },
    query: Object.fromEntries(query),
    body: Buffer.isBuffer(body) ? body : Buffer.alloc(0)
  }
}

const prefixOf = (publicUrl: string | null): string => (publicUrl === null ? '' : new URL(publicUrl).pathname.replace(/\/+$/, ''))
