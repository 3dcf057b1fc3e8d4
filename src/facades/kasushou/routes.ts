/** `/facades/kasushou/api/v1/…`: HTTP 200 always; `code` 200 is success. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Caller } from '../login.ts'
import { type FacadeDeps, type Fields, readFields } from '../shop.ts'
import { admitCaller, type Exchange, refuseCaller, send, shopRoute, speak, textOf } from '../shop-routes.ts'
import { Refusal, toAnswer } from './refusal.ts'
import { buy, categories, goodsAttach, goodsInfo, goodsList, orderInfo, userInfo } from './shop.ts'
import { isRecent, isSignedWith } from './sign.ts'

type Answer = (deps: FacadeDeps, caller: Caller, fields: Fields) => Promise<object>

const ENDPOINTS: Readonly<Record<string, Answer>> = {
  'user/info': userInfo,
  'goods/cate': categories,
  'goods/list': goodsList,
  'goods/info': goodsInfo,
  'goods/attach': goodsAttach,
  'order/buy': buy,
  'order/info': orderInfo
}

export const kasushouRoutes =
  (deps: FacadeDeps): FastifyPluginAsyncTypebox =>
  async app => {
    speak(app, 'application/json', 'kasushou', toAnswer)
    for (const [path, answer] of Object.entries(ENDPOINTS)) {
      app.route({
        method: 'POST',
        url: `/api/v1/${path}`,
        ...shopRoute(`kasushou.${path}`),
        handler: async (request, reply) => {
          const fields = readFields(textOf(request))
          if (fields === null) throw new Refusal('请求参数错误')
          const caller = await callerOf(deps, { request, reply }, fields)
          return send(reply, { status: 200, body: { code: 200, msg: '成功', data: await answer(deps, caller, fields) } })
        }
      })
    }
  }

/** Who signed the request. Throws Refusal, ip_not_allowed, account_suspended, rate_limited. */
async function callerOf({ facadeLogins }: FacadeDeps, exchange: Exchange, fields: Fields): Promise<Caller> {
  const { request } = exchange
  const [userId, time, signature] = ['userid', 'timestamp', 'sign'].map(name => String(request.headers[name] ?? ''))
  if (!userId || !time || !signature) return await refuseCaller(exchange, new Refusal('签名错误'))
  if (!/^[0-9]{1,15}$/.test(time) || !isRecent(time, new Date())) return await refuseCaller(exchange, new Refusal('时间戳已过期'))
  const login = await facadeLogins.find('kasushou', userId)
  if (login === null) return await refuseCaller(exchange, new Refusal('用户不存在'))
  if (isSignedWith(login.secrets, { time, text: textOf(request), fields }, signature)) return await admitCaller(exchange, login)
  return await refuseCaller(exchange, new Refusal('签名错误'))
}
