/** `/facades/goofish/goofish/…`: HTTP 200 always; `code` 0 is success. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Caller } from '../login.ts'
import { type FacadeDeps, type Fields, readFields } from '../shop.ts'
import { admitCaller, type Exchange, refuseCaller, send, shopRoute, speak, textOf } from '../shop-routes.ts'
import { Refusal, toAnswer } from './refusal.ts'
import { isRecent, isSignedWith } from './sign.ts'
import { subscribe, subscriptions, unsubscribe } from './subscribe.ts'
import { buyCards, goodsDetail, goodsList, openInfo, orderDetail, topUp, userInfo } from './supply.ts'

type Answer = (deps: FacadeDeps, caller: Caller, fields: Fields) => Promise<object>

const ENDPOINTS: Readonly<Record<string, Answer>> = {
  'open/info': (_deps, caller) => openInfo(caller),
  'user/info': userInfo,
  'goods/list': goodsList,
  'goods/detail': goodsDetail,
  'goods/change/subscribe/list': subscriptions,
  'goods/change/subscribe': subscribe,
  'goods/change/unsubscribe': unsubscribe,
  'order/purchase/create': buyCards,
  'order/recharge/create': topUp,
  'order/detail': orderDetail
}

export const goofishRoutes =
  (deps: FacadeDeps): FastifyPluginAsyncTypebox =>
  async app => {
    speak(app, 'application/json', 'goofish', toAnswer)
    for (const [path, answer] of Object.entries(ENDPOINTS)) {
      app.route({
        method: 'POST',
        url: `/goofish/${path}`,
        ...shopRoute(`goofish.${path}`),
        handler: async (request, reply) => {
          const caller = await callerOf(deps, { request, reply })
          const fields = readFields(textOf(request))
          if (fields === null) throw new Refusal(1201)
          return send(reply, { status: 200, body: { code: 0, msg: 'OK', data: await answer(deps, caller, fields) } })
        }
      })
    }
  }

/** Who signed the request. Throws Refusal, ip_not_allowed, account_suspended, rate_limited. */
async function callerOf({ facadeLogins }: FacadeDeps, exchange: Exchange): Promise<Caller> {
  const query = exchange.request.query as Fields
  const [mchId = '', time = '', signature = ''] = ['mch_id', 'timestamp', 'sign'].map(name => (typeof query[name] === 'string' ? query[name] : ''))
  if (!/^[0-9]{1,12}$/.test(time) || !isRecent(time, new Date())) return await refuseCaller(exchange, new Refusal(408))
  const login = await facadeLogins.find('goofish', mchId)
  if (login === null) return await refuseCaller(exchange, new Refusal(1000))
  if (isSignedWith(login.secrets, { body: textOf(exchange.request), time, mchId }, signature)) return await admitCaller(exchange, login)
  return await refuseCaller(exchange, new Refusal(401))
}
