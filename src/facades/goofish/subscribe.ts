/** Which goods a shop wants to hear of. */
import { checkCallbackUrl } from '../callback-url.ts'
import { findNumbered } from '../goods.ts'
import type { Caller } from '../login.ts'
import { numbersOf } from '../number-repository.ts'
import type { FacadeDeps, Fields } from '../shop.ts'
import { stateOf } from './goods-state.ts'
import { Refusal } from './refusal.ts'
import { listSubscriptions, removeSubscription, saveSubscription } from './subscription-repository.ts'
import { offerOf } from './supply.ts'
import { LOOK_SECONDS } from './tell-changes.ts'
import { pageOf } from './to-wire.ts'

/** Every one of them is compared when its goods change. */
const SUBSCRIPTIONS_MAX = 10_000
const TOKEN = /^[\x21-\x7e]{0,200}$/

const tokenOf = ({ token = '' }: Fields): string => {
  if (typeof token !== 'string' || !TOKEN.test(token)) throw new Refusal(1201)
  return token
}

/** With a token and no address, the shop means the address that its platform has for everybody. */
const urlFor = (token: string): string => `https://open.goofish.pro/api/open/callback/virtual/goods/notify/${encodeURIComponent(token)}`

/** Subscribing again changes the address. Throws Refusal. */
export async function subscribe(deps: FacadeDeps, caller: Caller, fields: Fields): Promise<object> {
  const { login } = caller
  const { notify_url: given = '' } = fields
  const token = tokenOf(fields)
  const url = given === '' && token !== '' ? urlFor(token) : given
  const target = typeof url === 'string' ? checkCallbackUrl(url, deps.urlPolicy) : null
  if (target === null) throw new Refusal(1201)
  const { variant } = await offerOf(deps, caller, fields)
  const { skuId } = variant.listing
  const subscription = { credentialId: login.keyId, skuId, token, url: target, told: stateOf(variant.listing, login, null) }
  const saved = await saveSubscription(deps.db, subscription, { max: SUBSCRIPTIONS_MAX, lookSeconds: LOOK_SECONDS })
  if (!saved) throw new Refusal(1)
  return {}
}

/** Also of goods that are gone; what nobody subscribed to is none. Throws Refusal. */
export async function unsubscribe(deps: FacadeDeps, { login }: Caller, fields: Fields): Promise<object> {
  const token = tokenOf(fields)
  const number = goodsNumberOf(fields)
  const name = number === null ? null : await findNumbered(deps, number)
  if (name?.skuId != null) await removeSubscription(deps.db, login.keyId, name.skuId, token)
  return {}
}

function goodsNumberOf({ goods_no: no }: Fields): number | null {
  const text = typeof no === 'string' || typeof no === 'number' ? String(no) : ''
  return /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : null
}

export async function subscriptions(deps: FacadeDeps, { login }: Caller, fields: Fields): Promise<object> {
  const { goods_type: type } = fields
  const number = goodsNumberOf(fields)
  const all = await listSubscriptions(deps.db, login.keyId)
  const numbers = await numbersOf(deps.db, [...new Set(all.map(({ skuId }) => skuId))])
  const wanted = all.filter(
    ({ skuId, told }) => (typeof type !== 'number' || type === 0 || type === told.type) && (number === null || numbers.get(skuId) === number)
  )
  const rows = pageOf(wanted, fields).map(({ skuId, token, url, told, createdAt }) => ({
    goods_type: told.type,
    goods_no: String(numbers.get(skuId) ?? 0),
    subscribe_time: Math.floor(createdAt.getTime() / 1_000),
    token,
    notify_url: url
  }))
  return { list: rows, count: wanted.length }
}
