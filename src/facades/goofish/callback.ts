/** What 闲管家 is told when an order has ended. */
import type { CallbackLetter } from '../callback-sender.ts'
import { signedCall } from './sign.ts'
import { toNotice } from './to-wire.ts'

export const goofishCallback: CallbackLetter = ({ login, shown, number, requestNo, url, withCards, topUp }) => {
  const notice = toNotice({ ...shown, cards: withCards ? shown.cards : [], number, orderNo: requestNo, topUp })
  return { ...signedCall(url, JSON.stringify(notice), login), isTaken: answer => /"code"\s*:\s*0\b/.test(answer) }
}
