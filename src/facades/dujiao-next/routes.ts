/** `/facades/dujiao-next/api/v1/upstream/…`: HTTP statuses and `ok` say the same. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import type { Caller } from '../login.ts'
import { type FacadeDeps, readFields } from '../shop.ts'
import { type App, admitCaller, type Exchange, refuseCaller, send, shopRoute, speak, textOf } from '../shop-routes.ts'
import { categories, ping, product, products } from './catalog.ts'
import { cancelOrder, createOrder, getOrder } from './orders.ts'
import { Refusal, toAnswer } from './refusal.ts'
import { isRecent, isSignedWith } from './sign.ts'

const BASE = '/api/v1/upstream'
const NAME = 'dujiaoNext'

type Answer = (caller: Caller, request: FastifyRequest) => Promise<object>

interface Endpoint {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly name: string
  readonly answer: Answer
}

const idOf = ({ params }: FastifyRequest): string => String((params as { id?: unknown }).id)

const endpointsOf = (deps: FacadeDeps): Endpoint[] => [
  { method: 'POST', path: '/ping', name: 'ping', answer: ({ login }) => ping(deps, login) },
  { method: 'GET', path: '/categories', name: 'categories', answer: ({ login }) => categories(deps, login) },
  { method: 'GET', path: '/products', name: 'products', answer: ({ login }, { query }) => products(deps, login, { ...(query as object) }) },
  { method: 'GET', path: '/products/:id', name: 'product', answer: ({ login }, request) => product(deps, login, idOf(request)) },
  {
    method: 'POST',
    path: '/orders',
    name: 'createOrder',
    answer: (caller, request) => createOrder(deps, caller, fieldsOf(request), signatureOf(request))
  },
  { method: 'GET', path: '/orders/:id', name: 'getOrder', answer: (caller, request) => getOrder(deps, caller, idOf(request)) },
  { method: 'POST', path: '/orders/:id/cancel', name: 'cancelOrder', answer: (caller, request) => cancelOrder(deps, caller, idOf(request)) }
]

export const dujiaoNextRoutes =
  (deps: FacadeDeps): FastifyPluginAsyncTypebox =>
  async app => {
    speak(app, 'application/json', NAME, toAnswer)
    for (const endpoint of endpointsOf(deps)) register(app, deps, endpoint)
  }

function register(app: App, deps: FacadeDeps, { method, path, name, answer }: Endpoint): void {
  app.route({
    method,
    url: `${BASE}${path}`,
    ...shopRoute(`${NAME}.${name}`),
    handler: async (request, reply) => {
      const caller = await callerOf(deps, { request, reply })
      return send(reply, { status: 200, body: await answer(caller, request) })
    }
  })
}

function fieldsOf(request: FastifyRequest) {
  const fields = readFields(textOf(request))
  if (fields === null) throw new Refusal('bad_request', 'the body must be a JSON object')
  return fields
}

const headerOf = ({ headers }: FastifyRequest, name: string): string => {
  const value = headers[`dujiao-next-${name}`]
  return typeof value === 'string' ? value : ''
}

const signatureOf = (request: FastifyRequest): string => headerOf(request, 'signature').toLowerCase()

/** Who signed the request. Throws Refusal, ip_not_allowed, account_suspended, rate_limited. */
async function callerOf({ facadeLogins }: FacadeDeps, exchange: Exchange): Promise<Caller> {
  const { request } = exchange
  const [key, time, signature] = ['api-key', 'timestamp', 'signature'].map(name => headerOf(request, name))
  if (!key || !time || !signature) return await refuseCaller(exchange, new Refusal('missing_auth_headers', 'missing authentication headers'))
  if (!/^[0-9]{1,12}$/.test(time)) return await refuseCaller(exchange, new Refusal('invalid_timestamp', 'invalid timestamp'))
  if (!isRecent(time, new Date())) return await refuseCaller(exchange, new Refusal('timestamp_expired', 'timestamp expired'))
  const login = await facadeLogins.find('dujiao-next', key)
  if (login === null) return await refuseCaller(exchange, new Refusal('invalid_api_key', 'invalid API key'))
  const paths = [request.originalUrl, request.url].map(url => url.split('?', 1)[0] ?? '')
  const own = paths.map(path => path.slice(Math.max(0, path.indexOf(BASE))))
  const signed = { method: request.method, time, body: textOf(request), paths: [...new Set([...paths, ...own])] }
  if (isSignedWith(login.secrets, signed, signature)) return await admitCaller(exchange, login)
  return await refuseCaller(exchange, new Refusal('invalid_signature', 'invalid signature'))
}
