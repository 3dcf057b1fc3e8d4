/** What a client is told when an order has ended. The cards are not covered by the signature, as the protocol has it. */
import type { CallbackLetter } from '../callback-sender.ts'
import { toCents } from '../cents.ts'
import { sign, sortedJson } from './sign.ts'
import { backOf, statusOf, toCards } from './to-wire.ts'

export const kasushouCallback: CallbackLetter = ({ login, shown, number, requestNo, url, withCards }) => {
  const { order } = shown
  const event = {
    external_orderno: requestNo,
    ordersn: String(number),
    status: String(statusOf(order)),
    total_price: toCents(order.total),
    has_back_money: toCents(backOf(order)),
    recharge_hints: '',
    time: String(Date.now())
  }
  const signature = sign(event.time, sortedJson(event), login.secrets[0] ?? '')
  const body = JSON.stringify({ ...event, sign: signature, card_list: withCards ? toCards(shown) : [] })
  return { url, headers: { 'content-type': 'application/json' }, body, isTaken: answer => /ok|success/i.test(answer) }
}
