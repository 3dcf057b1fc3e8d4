/** `/facades/acg-faka/shared/…`: whatever happens, HTTP 200 and JSON; `code` says whether it went well. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { textBody } from '../../http/index.ts'
import type { PlaceOrderDeps } from '../../orders/index.ts'
import { isOurFault } from '../fault.ts'
import { admitLogin, type FacadeLogins } from '../login.ts'
import { type Form, isSignedWith, parseForm } from './form.ts'
import { NO_SUCH_SHOP, Refusal, WRONG_SIGNATURE, wordsOf } from './refusal.ts'
import { connect, draft, draftCard, inventory, inventoryState, item, items, stock, valuation } from './store.ts'
import { type Caller, query, trade } from './trade.ts'

export interface FacadeDeps extends PlaceOrderDeps {
  readonly facadeLogins: FacadeLogins
}

type Answer = (deps: FacadeDeps, caller: Caller, form: Form) => Promise<object>

const ENDPOINTS: Readonly<Record<string, Answer>> = {
  'authentication/connect': (deps, { login }) => connect(deps, login),
  'commodity/items': (deps, { login }) => items(deps, login),
  'commodity/item': (deps, { login }, form) => item(deps, login, form),
  'commodity/stock': (deps, { login }, form) => stock(deps, login, form),
  'commodity/valuation': (deps, { login }, form) => valuation(deps, login, form),
  'commodity/trade': trade,
  'commodity/query': query,
  'commodity/draftCard': (deps, { login }, form) => draftCard(deps, login, form),
  'commodity/draft': (deps, { login }, form) => draft(deps, login, form),
  'commodity/inventory': (deps, { login }, form) => inventory(deps, login, form),
  'commodity/inventoryState': (deps, { login }, form) => inventoryState(deps, login, form)
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** Another system's protocol is described by that system: these routes are no part of the OpenAPI document. */
const route = (operationId: string) => ({ schema: { hide: true, operationId }, config: { access: 'public' as const } })

export const acgFakaRoutes =
  (deps: FacadeDeps): FastifyPluginAsyncTypebox =>
  async app => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('application/x-www-form-urlencoded', textBody)
    app.addContentTypeParser('*', (request, payload, done) => textBody(request, payload, error => done(error, undefined)))
    app.setErrorHandler((error, request, reply) => {
      if (isOurFault(error)) request.log.error({ err: error }, 'a facade could not answer')
      return send(reply, { code: 0, msg: wordsOf(error) })
    })
    for (const [path, answer] of Object.entries(ENDPOINTS)) {
      app.route({
        method: 'POST',
        url: `/shared/${path}`,
        ...route(`acgFaka.${path}`),
        handler: async (request, reply) => {
          const form = formOf(request)
          const caller = await callerOf(deps, { request, reply }, form)
          return send(reply, { code: 200, msg: 'success', data: await answer(deps, caller, form) })
        }
      })
    }
    app.route({
      method: METHODS,
      url: '/*',
      ...route('acgFaka.other'),
      handler: () => {
        throw new Refusal(NO_SUCH_SHOP)
      }
    })
  }

const send = (reply: FastifyReply, body: object): FastifyReply =>
  reply.code(200).header('content-type', 'application/json; charset=utf-8').header('cache-control', 'no-store').send(JSON.stringify(body))

function formOf({ body }: FastifyRequest): Form {
  const form = typeof body === 'string' ? parseForm(body) : null
  if (form === null) throw new Refusal(NO_SUCH_SHOP)
  return form
}

/** Who signed the form. Throws Refusal, ip_not_allowed, account_suspended, rate_limited. */
async function callerOf(
  { facadeLogins }: FacadeDeps,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  form: Form
): Promise<Caller> {
  const login = await facadeLogins.find('acg-faka', form.text('app_id'))
  if (login === null || !isSignedWith(login.secrets, form)) {
    await request.server.limitRefused?.(request, reply)
    throw new Refusal(login === null ? NO_SUCH_SHOP : WRONG_SIGNATURE)
  }
  request.principal = admitLogin(login, request.ip)
  await request.server.limitCaller?.(request, reply)
  return { login, requestId: request.id }
}
