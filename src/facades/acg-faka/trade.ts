/** Buying, and asking what became of it. Success without cards does not exist here, unless the operator allows orders that wait. */
import { checkInput } from '../../catalog/index.ts'
import { DomainError } from '../../kit/errors.ts'
import { formatAmount } from '../../kit/money.ts'
import { type DeliveredCard, isDelivered, type Order, type PlaceOrderDeps, readOrder, revealAgain } from '../../orders/index.ts'
import type { Caller, FacadeLogin } from '../login.ts'
import { findOrderId } from '../order-repository.ts'
import { type Bought, isOver, isWaiting, purchase, type Wanted } from '../purchase.ts'
import type { Form } from './form.ts'
import { NO_SUCH_ORDER, Refusal, SOLD_OUT } from './refusal.ts'
import { goodsOf, inputOf, quantityOf, variantOf } from './store.ts'

/** What a shop of this system says while a person delivers; only `query` shows the cards then. */
const BY_HAND = '正在发货中，请耐心等待，如有疑问，请联系客服。'
const TOPPED_UP = '充值成功'
/** The shops send 18 digits. Without a number, a lost answer would be paid for twice. */
const REQUEST_NO = /^[\x21-\x7e]{1,64}$/
/** Differ from try to try, or say nothing of what is bought. */
const NOT_ASKED = new Set(['app_id', 'app_key', 'sign', 'contact', 'device', 'password', 'pay_id', 'request_no', 'card_id'])
/**
 * To a shop of this system every answer but cards means "not sold": its customer has the money back, and nobody asks again under
 * this number. An order that is decided after such an answer would be a card that the reseller paid for and nobody has. The shop
 * itself waits for thirty seconds.
 */
const UNCLEAR_MAX_MS = 25_000
/** Trade numbers have 18 digits; ours have 15. */
const TRADE_NO_PREFIX = '100'
const TRADE_NO = /^100([1-9][0-9]{14})$/

export async function trade(deps: PlaceOrderDeps, { login, requestId }: Caller, form: Form): Promise<object> {
  const requestNo = form.text('request_no')
  if (!REQUEST_NO.test(requestNo)) throw new Refusal('请求单号错误')
  if (!['', '0'].includes(form.text('card_id'))) throw new Refusal('预选的宝贝不存在')
  const asked = form.entries.filter(({ name, value }) => value !== '' && !NOT_ASKED.has(name)).map(({ name, value }) => [name, value])
  const bought = await purchase(deps, {
    login,
    requestId,
    requestNo,
    asked: Object.fromEntries(asked),
    resolve: () => resolve(deps, login, form),
    unclearMaxMs: UNCLEAR_MAX_MS
  })
  return await toTraded(deps, bought)
}

/** Throws Refusal, validation_failed, out_of_stock. */
async function resolve(deps: PlaceOrderDeps, login: FacadeLogin, form: Form): Promise<Wanted> {
  const variant = variantOf(await goodsOf(deps, login, form), form)
  const { listing } = variant
  const quantity = quantityOf(form)
  if (quantity < listing.minQuantity) throw new Refusal(`本商品最少购买${listing.minQuantity}个`)
  if (quantity > listing.maxQuantity) throw new Refusal(`本商品单次最多购买${listing.maxQuantity}个`)
  const input = inputOf(variant, form)
  const [wrong] = checkInput(listing.inputSchema, input ?? {}, '')
  if (wrong !== undefined) throw new Refusal(`${titleOf(listing.inputSchema, wrong.pointer.slice(1))}格式不正确`)
  return { skuId: listing.skuId, quantity, input, maxUnitPrice: null, ownStockOnly: !login.allowWaiting }
}

const titleOf = (schema: Parameters<typeof checkInput>[0], name: string): string => schema?.properties[name]?.title ?? name

async function toTraded(deps: PlaceOrderDeps, { order, cards, number }: Bought): Promise<object> {
  if (isOver(order)) throw new Refusal(SOLD_OUT)
  const listing = await deps.listings.get(order.skuId)
  return {
    url: '',
    amount: Number(formatAmount(order.total)),
    tradeNo: `${TRADE_NO_PREFIX}${number}`,
    secret: isWaiting(order) ? BY_HAND : secretOf(order, cards),
    leave_message: listing?.instructions ?? null,
    stock: String(listing?.available ?? 0)
  }
}

/** In the order of delivery, one a line. */
function secretOf(order: Order, cards: readonly DeliveredCard[]): string {
  if (cards.length > 0) return cards.map(({ number, secret }) => (number === null ? secret : `${number}----${secret}`)).join('\n')
  if (order.state === 'fulfilled') return TOPPED_UP
  throw new DomainError('internal_error', 'A delivered order without cards.')
}

export async function query(deps: PlaceOrderDeps, { login, requestId }: Caller, form: Form): Promise<object> {
  const [, number] = TRADE_NO.exec(form.text('tradeNo')) ?? []
  const orderId = number === undefined ? null : await findOrderId(deps.db, login.resellerId, Number(number))
  const order = orderId === null ? null : await readOrder(deps.db, orderId, login.resellerId)
  if (order === null) throw new Refusal(NO_SUCH_ORDER)
  if (isOver(order)) throw new Refusal('订单已取消，款项已退回')
  if (!isDelivered(order.state)) return { secret: BY_HAND, widget: null, status: 1 }
  const cards = await revealAgain(deps, order, { apiKeyId: login.keyId, requestId })
  return { secret: secretOf(order, cards), widget: null, status: 1 }
}
