/** `/facades/acg-faka/shared/…`: whatever happens, HTTP 200 and JSON; `code` says whether it went well. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Caller } from '../login.ts'
import type { FacadeDeps } from '../shop.ts'
import { admitCaller, type Exchange, refuseCaller, send, shopRoute, speak, textOf } from '../shop-routes.ts'
import { type Form, isSignedWith, parseForm } from './form.ts'
import { NO_SUCH_SHOP, Refusal, WRONG_SIGNATURE, wordsOf } from './refusal.ts'
import { connect, draft, draftCard, inventory, inventoryState, item, items, stock, valuation } from './store.ts'
import { query, trade } from './trade.ts'

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

export const acgFakaRoutes =
  (deps: FacadeDeps): FastifyPluginAsyncTypebox =>
  async app => {
    speak(app, ['application/x-www-form-urlencoded', 'multipart/form-data'], 'acgFaka', error => ({
      status: 200,
      body: { code: 0, msg: wordsOf(error) }
    }))
    for (const [path, answer] of Object.entries(ENDPOINTS)) {
      app.route({
        method: 'POST',
        url: `/shared/${path}`,
        ...shopRoute(`acgFaka.${path}`),
        handler: async (request, reply) => {
          const form = parseForm(textOf(request), request.headers['content-type'])
          if (form === null) throw new Refusal(NO_SUCH_SHOP)
          const caller = await callerOf(deps, { request, reply }, form)
          return send(reply, { status: 200, body: { code: 200, msg: 'success', data: await answer(deps, caller, form) } })
        }
      })
    }
  }

/** Who signed the form. Throws Refusal, ip_not_allowed, account_suspended, rate_limited. */
async function callerOf({ facadeLogins }: FacadeDeps, exchange: Exchange, form: Form): Promise<Caller> {
  const login = await facadeLogins.find('acg-faka', form.text('app_id'))
  if (login !== null && isSignedWith(login.secrets, form)) return await admitCaller(exchange, login)
  return await refuseCaller(exchange, new Refusal(login === null ? NO_SUCH_SHOP : WRONG_SIGNATURE))
}
