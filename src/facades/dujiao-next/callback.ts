/** What a shop is told when its order has ended. */
import type { CallbackLetter } from '../callback-sender.ts'
import { sign } from './sign.ts'
import { orderNo, statusOf, toFulfillment } from './to-wire.ts'

export const dujiaoNextCallback: CallbackLetter = ({ login, shown, number, requestNo, url, withCards }) => {
  const time = String(Math.floor(Date.now() / 1_000))
  const fulfillment = withCards ? toFulfillment(shown) : null
  const body = JSON.stringify({
    event: 'order.status_changed',
    order_id: number,
    order_no: orderNo(number),
    downstream_order_no: requestNo,
    status: statusOf(shown.order),
    ...(fulfillment === null ? {} : { fulfillment }),
    timestamp: Number(time)
  })
  const headers = {
    'content-type': 'application/json',
    'dujiao-next-api-key': login.login,
    'dujiao-next-timestamp': time,
    'dujiao-next-signature': sign({ method: 'POST', path: new URL(url).pathname, time, body }, login.secrets[0] ?? '')
  }
  return { url, headers, body, isTaken: answer => /"ok"\s*:\s*true/.test(answer) }
}
