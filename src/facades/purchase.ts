/** One purchase of a shop: the same command as `/v1/orders`, under the shop's own number. */
import { setTimeout as delay } from 'node:timers/promises'
import { requestHash } from '../kit/canonical-json.ts'
import { DomainError, type ErrorCode } from '../kit/errors.ts'
import { inProgress, keyReused } from '../kit/idempotency.ts'
import {
  cancelOrder,
  type DeliveredCard,
  isDelivered,
  type Order,
  type OrderRequest,
  type PlaceOrderDeps,
  placeOrder,
  revealAgain
} from '../orders/index.ts'
import type { FacadeLogin } from './login.ts'
import { numberOrder } from './order-repository.ts'

export interface Purchase {
  readonly login: FacadeLogin
  /** For the reveal log. */
  readonly requestId: string
  /** The shop's own, unique for its reseller and protocol. */
  readonly requestNo: string
  /** What was asked for, as the shop said it: the same number with anything else is refused. */
  readonly asked: unknown
  /** What it means now; asked only for a number that has bought nothing yet. Throws what the shop is refused with. */
  readonly resolve: () => Promise<Wanted>
  /** How long it is waited for what may have been bought, where the protocol has no word for that. Default: as for everything else. */
  readonly unclearMaxMs?: number
}

export interface Wanted {
  readonly skuId: string
  readonly quantity: number
  readonly input: Readonly<Record<string, string>> | null
  readonly maxUnitPrice: bigint | null
  /** The protocol cannot deliver later. */
  readonly ownStockOnly?: boolean
}

export interface Bought {
  readonly order: Order
  /** Empty while the order waits, and after it failed. */
  readonly cards: readonly DeliveredCard[]
  /** The number that the shop is shown. */
  readonly number: number
}

/** Shops wait for no more than a second. What is not decided by then goes on, and the same number finds out what became of it. */
const ANSWER_MAX_MS = 800
/** Whoever says to come back later than this will not be ready in a moment. */
const MOMENT_SECONDS = 2
const PAUSE_FIRST_MS = 25
const PAUSE_MAX_MS = 200
const UNSETTLED: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['request_in_progress', 'dependency_unavailable', 'overloaded'])

/** Of one purchase, while it is decided. */
interface Course {
  readonly startedAt: number
  /** It may be bought, or become so. */
  isUnclear: boolean
}

/**
 * The same number and parameters give the same order and cards, for ever. No caller of `/v1` can have such a key: it holds a blank.
 * Throws: what `placeOrder` throws, and what `resolve` throws; `request_in_progress` also when time is up.
 */
export async function purchase(deps: PlaceOrderDeps, wish: Purchase): Promise<Bought> {
  const course: Course = { startedAt: performance.now(), isUnclear: false }
  const answered = new AbortController()
  const settled = settle(deps, wish, course)
  try {
    return await Promise.race([settled, runOut(wish, course, answered.signal)])
  } finally {
    answered.abort()
    // Nobody hears of it any more.
    settled.catch(() => undefined)
  }
}

const patienceOf = ({ unclearMaxMs = ANSWER_MAX_MS }: Purchase, { isUnclear }: Course): number => (isUnclear ? unclearMaxMs : ANSWER_MAX_MS)

async function runOut(wish: Purchase, course: Course, signal: AbortSignal): Promise<never> {
  await delay(ANSWER_MAX_MS, null, { signal })
  await delay(patienceOf(wish, course) - ANSWER_MAX_MS, null, { signal })
  throw inProgress()
}

/** What may be decided in a moment is asked for again: a shop that sees a failure gives up its number. */
async function settle(deps: PlaceOrderDeps, wish: Purchase, course: Course): Promise<Bought> {
  for (let pause = PAUSE_FIRST_MS; ; pause = Math.min(2 * pause, PAUSE_MAX_MS)) {
    try {
      return await purchaseOnce(deps, wish, course)
    } catch (error) {
      const unsettled = error instanceof DomainError && UNSETTLED.has(error.code) && (error.retryAfterSeconds ?? 0) <= MOMENT_SECONDS
      if (!unsettled || performance.now() + pause > course.startedAt + patienceOf(wish, course)) throw error
    }
    await delay(pause * (1 + Math.random()))
  }
}

export const keyOf = (login: FacadeLogin, requestNo: string): string => `${login.protocol} ${requestNo}`

async function purchaseOnce(deps: PlaceOrderDeps, wish: Purchase, course: Course): Promise<Bought> {
  const { login, requestId, requestNo, asked } = wish
  const { resellerId, keyId } = login
  const idempotencyKey = keyOf(login, requestNo)
  const hash = requestHash(`facade ${login.protocol}`, asked)
  const known = await deps.findReplay({ resellerId, idempotencyKey })
  if (known !== null && !known.requestHash.equals(hash)) throw keyReused()
  // What is known is shown again, whatever became of the goods.
  const { order, cards } =
    known === null
      ? await placeClearly(deps, toOrderRequest(wish, await wish.resolve(), { idempotencyKey, requestHash: hash }), course)
      : { order: known, cards: await revealAgain(deps, known, { apiKeyId: keyId, requestId }) }
  const number = await numberOrder(deps.db, { orderId: order.id, resellerId, credentialId: keyId, requestNo })
  return { order, cards, number }
}

async function placeClearly(deps: PlaceOrderDeps, request: OrderRequest, course: Course): Promise<Pick<Bought, 'order' | 'cards'>> {
  course.isUnclear = true
  try {
    return await placeOrder(deps, request)
  } catch (error) {
    course.isUnclear = !(error instanceof DomainError) || error.code === 'dependency_unavailable' || error.code === 'request_in_progress'
    throw error
  }
}

function toOrderRequest(
  { login, requestId, requestNo }: Purchase,
  { skuId, quantity, input, maxUnitPrice, ownStockOnly = false }: Wanted,
  identity: Pick<OrderRequest, 'idempotencyKey' | 'requestHash'>
): OrderRequest {
  const { principal, resellerId, currency } = login
  return {
    ...identity,
    resellerId,
    tier: principal.tier,
    apiKeyId: principal.apiKeyId,
    dailySpendCap: principal.dailySpendCap,
    spendCurrency: principal.spendCurrency,
    requestId,
    skuId,
    quantity,
    reference: requestNo,
    maxUnitPrice: maxUnitPrice === null ? null : { amount: maxUnitPrice, currency },
    quoteId: null,
    input,
    reveal: true,
    backorder: false,
    ownStockOnly,
    metadata: { facade: login.protocol }
  }
}

/** Will neither bring cards nor cost anything. */
export const isOver = ({ state }: Pick<Order, 'state'>): boolean => ['cancelled', 'failed', 'refunded', 'rejected'].includes(state)

export const isWaiting = (order: Pick<Order, 'state'>): boolean => !isDelivered(order.state) && !isOver(order)

/** Takes an order back that nobody was asked for yet. False: it is too late. */
export async function takeBack(deps: PlaceOrderDeps, { resellerId }: FacadeLogin, order: Order): Promise<boolean> {
  try {
    const hash = requestHash('facade cancel', order.id)
    await cancelOrder(deps, { orderId: order.id, resellerId, key: `cancel ${order.id}`, hash })
    return true
  } catch (error) {
    if (error instanceof DomainError && error.code === 'state_conflict') return false
    throw error
  }
}
