/** What 闲管家 is told when an order has ended. */
import type { CallbackLetter } from '../callback-sender.ts'
import { splitSecret } from '../secret.ts'
import { sign } from './sign.ts'
import { CARDS, toOrder } from './to-wire.ts'

export const goofishCallback: CallbackLetter = ({ login, shown, number, requestNo, url, withCards }) => {
  const time = String(Math.floor(Date.now() / 1_000))
  const body = JSON.stringify(toOrder({ ...shown, cards: withCards ? shown.cards : [], number, orderNo: requestNo, type: CARDS }))
  const target = new URL(url)
  target.searchParams.set('mch_id', login.login)
  target.searchParams.set('timestamp', time)
  target.searchParams.set('sign', sign({ body, time, mchId: login.login }, splitSecret(login.secrets[0] ?? '')))
  return { url: target.href, headers: { 'content-type': 'application/json' }, body, isTaken: answer => /"code"\s*:\s*0\b/.test(answer) }
}
