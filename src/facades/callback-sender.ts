/** Tells shops of orders that have ended, in the words of their protocol: guarded like webhooks, on their schedule of retries. */
import type { Db } from '../kit/db/index.ts'
import type { OutboundHttp } from '../kit/outbound-http.ts'
import { type PlaceOrderDeps, readOrder } from '../orders/index.ts'
import { retryWaitMs } from '../webhooks/index.ts'
import { claimCallbacks, type DueCallback, noteCallback } from './callback-repository.ts'
import { carriesCards, checkCallbackUrl } from './callback-url.ts'
import { type ShownOrder, showOrder } from './ended-order.ts'
import type { FacadeLogin, FacadeLogins } from './login.ts'
import { readFacadeOrder } from './order-repository.ts'
import type { Protocol } from './protocol.ts'

export interface CallbackSubject {
  readonly login: FacadeLogin
  readonly shown: ShownOrder
  readonly number: number
  readonly requestNo: string
  readonly url: string
  readonly withCards: boolean
  /** Nothing is handed over. */
  readonly topUp: boolean
}

/** One protocol's way to say it. */
export type CallbackLetter = (subject: CallbackSubject) => {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Of the body of an answer with status 2xx. */
  readonly isTaken: (answer: string) => boolean
}

export interface CallbackDeps extends PlaceOrderDeps {
  readonly db: Db
  readonly http: OutboundHttp
  readonly facadeLogins: FacadeLogins
  readonly urlPolicy: { readonly allowPrivateTargets: boolean }
  readonly letters: Readonly<Partial<Record<Protocol, CallbackLetter>>>
  readonly onError: (error: unknown) => void
}

/** Requests at a time, of this process, and of them to the shops of one credential: a slow shop delays only itself. */
const IN_FLIGHT_MAX = 64
const PER_CREDENTIAL_MAX = 4
const CLAIM_MAX = 16
const TIMEOUT_MS = 10_000
/** Longer than an attempt can take. */
const LEASE_SECONDS = 45
const ANSWER_MAX_BYTES = 65_536

export interface CallbackSender {
  /** Starts what is due, and returns before it is sent. */
  turn(): Promise<void>
  close(): Promise<void>
}

export function createCallbackSender(deps: CallbackDeps): CallbackSender {
  const sending = new Map<Promise<void>, string>()
  const busy = (): string[] => [...Map.groupBy(sending.values(), id => id)].flatMap(([id, all]) => (all.length >= PER_CREDENTIAL_MAX ? [id] : []))
  return {
    turn: async () => {
      const room = Math.min(CLAIM_MAX, IN_FLIGHT_MAX - sending.size)
      if (room <= 0) return
      for (const callback of await deps.db.tx(tx => claimCallbacks(tx, room, busy(), LEASE_SECONDS))) {
        const attempt: Promise<void> = attemptCallback(deps, callback)
          // Its lease ends, and then it is tried again.
          .catch(deps.onError)
          .finally(() => sending.delete(attempt))
        sending.set(attempt, callback.credentialId)
      }
    },
    close: async () => void (await Promise.all(sending.keys()))
  }
}

async function attemptCallback(deps: CallbackDeps, callback: DueCallback): Promise<void> {
  const error = await send(deps, callback)
  const final = error === GONE
  await noteCallback(deps.db, callback, error, error === null || final ? null : retryWaitMs(callback.attempts, null, Math.random()))
}

const GONE = 'the credential is revoked, or the address may not be called'

/** Null: it was taken. */
async function send(deps: CallbackDeps, { orderId, credentialId, url }: DueCallback): Promise<string | null> {
  const known = await readFacadeOrder(deps.db, orderId)
  const login = known === null ? null : await deps.facadeLogins.byId(credentialId)
  const order = known === null ? null : await readOrder(deps.db, orderId, known.resellerId)
  const letter = login === null ? undefined : deps.letters[login.protocol]
  const target = checkCallbackUrl(url, deps.urlPolicy)
  if (known === null || login === null || order === null || letter === undefined || target === null) return GONE
  const withCards = carriesCards(target, deps.urlPolicy)
  const shown = withCards ? await showOrder(deps, { login, requestId: `callback ${known.number}` }, order) : { order, cards: [] }
  const topUp = (await deps.listings.get(order.skuId))?.kind === 'topup'
  const { isTaken, ...request } = letter({ login, shown, number: known.number, requestNo: known.requestNo, url: target, withCards, topUp })
  const answer = await deps.http.send({ method: 'POST', ...request, timeoutMs: TIMEOUT_MS, maxBytes: ANSWER_MAX_BYTES })
  if (answer.kind === 'failed') return answer.failure
  if (answer.status < 200 || answer.status >= 300) return `answered ${answer.status}`
  return isTaken(answer.body) ? null : 'it was not taken'
}
