/** Tells shops of goods that they subscribed to: what they know is compared with what is, so that many changes are one call. */
import { createChangeFeed, type Listings } from '../../catalog/index.ts'
import type { Db } from '../../kit/db/index.ts'
import type { OutboundHttp } from '../../kit/outbound-http.ts'
import { retryWaitMs } from '../../webhooks/index.ts'
import { checkCallbackUrl } from '../callback-url.ts'
import type { FacadeLogin, FacadeLogins } from '../login.ts'
import { numbersOf } from '../number-repository.ts'
import { isSame, stateOf } from './goods-state.ts'
import { signedCall } from './sign.ts'
import {
  claimSubscriptions,
  type DueSubscription,
  hasSubscriptions,
  lockNewsCursor,
  markChanged,
  moveNewsCursor,
  noteSubscriptions,
  removeSubscriptions,
  type Told
} from './subscription-repository.ts'

export interface NewsDeps {
  readonly db: Db
  readonly http: OutboundHttp
  readonly facadeLogins: FacadeLogins
  readonly listings: Listings
  readonly urlPolicy: { readonly allowPrivateTargets: boolean }
  readonly onError: (error: unknown) => void
}

export interface NewsTeller {
  /** Starts what is due, and returns before it is sent. */
  turn(): Promise<void>
  close(): Promise<void>
}

/** Without any change: prices of a tier that a shop came into are no change of the goods. */
export const LOOK_SECONDS = 3_600
/** Stock moves with every sale; a shop hears of the same goods no more often than this. */
const GAP_SECONDS = 2
/** Longer than a call can take. */
const LEASE_SECONDS = 45
const TIMEOUT_MS = 10_000
const ANSWER_MAX_BYTES = 65_536
const CHANGES_MAX = 1_000
const CLAIM_MAX = 200
const CALLS_MAX = 32
/** Calls at a time to the shops of one credential: a slow one delays only itself. */
const PER_CREDENTIAL_MAX = 4
const ITEMS_MAX = 100

export function createNewsTeller(deps: NewsDeps): NewsTeller {
  const calling = new Map<Promise<void>, string>()
  const busy = (): string[] => [...Map.groupBy(calling.values(), id => id)].flatMap(([id, all]) => (all.length >= PER_CREDENTIAL_MAX ? [id] : []))
  return {
    turn: async () => {
      if (!(await hasSubscriptions(deps.db))) return
      await markNews(deps)
      if (calling.size >= CALLS_MAX) return
      const due = await deps.db.tx(tx => claimSubscriptions(tx, { limit: CLAIM_MAX, leaseSeconds: LEASE_SECONDS, except: busy() }))
      for (const [credentialId, own] of Map.groupBy(due, each => each.credentialId)) {
        const call: Promise<void> = tellShop(deps, credentialId, own)
          // Their lease ends, and then they are compared again.
          .catch(deps.onError)
          .finally(() => calling.delete(call))
        calling.set(call, credentialId)
      }
    },
    close: async () => void (await Promise.all(calling.keys()))
  }
}

/** Reads the change feed a page at a time. */
async function markNews({ db }: NewsDeps): Promise<void> {
  for (let more = true; more; ) {
    more = await db.tx(async tx => {
      const cursor = await lockNewsCursor(tx)
      if (cursor === null) return false
      const { changes, next } = await createChangeFeed({ db: tx }).read(cursor, CHANGES_MAX)
      if (changes.length === 0) return false
      await markChanged(tx, [...new Set(changes.map(({ skuId }) => skuId))], GAP_SECONDS)
      await moveNewsCursor(tx, next)
      return changes.length === CHANGES_MAX
    })
  }
}

interface Item {
  readonly subscription: DueSubscription
  readonly now: Told
}

async function tellShop(deps: NewsDeps, credentialId: string, due: readonly DueSubscription[]): Promise<void> {
  const login = await deps.facadeLogins.byId(credentialId)
  if (login === null) return await removeSubscriptions(deps.db, credentialId)
  const skuIds = [...new Set(due.map(({ skuId }) => skuId))]
  const [listings, numbers] = await Promise.all([deps.listings.many(skuIds, performance.now()), numbersOf(deps.db, skuIds)])
  const items = due.map(subscription => ({ subscription, now: stateOf(listings.get(subscription.skuId) ?? null, login, subscription.told) }))
  const same = items.filter(({ subscription, now }) => isSame(subscription.told, now))
  if (same.length > 0) {
    const quiet = { attempts: 0, called: false, nextSeconds: LOOK_SECONDS, gapSeconds: 0 }
    await noteSubscriptions(
      deps.db,
      same.map(({ subscription }) => ({ subscription, told: null })),
      quiet
    )
  }
  const news = Map.groupBy(
    items.filter(item => !same.includes(item)),
    ({ subscription }) => subscription.url
  )
  for (const [url, all] of news) {
    for (let from = 0; from < all.length; from += ITEMS_MAX) await call(deps, { login, url, numbers, items: all.slice(from, from + ITEMS_MAX) })
  }
}

interface Call {
  readonly login: FacadeLogin
  readonly url: string
  readonly numbers: ReadonlyMap<string, number>
  readonly items: readonly Item[]
}

async function call(deps: NewsDeps, { login, url, numbers, items }: Call): Promise<void> {
  const target = checkCallbackUrl(url, deps.urlPolicy)
  const attempts = Math.max(...items.map(({ subscription }) => subscription.attempts)) + 1
  const wait = retryWaitMs(attempts, null, Math.random())
  const taken = target !== null && (await isTaken(deps, target, { login, url, numbers, items }))
  const done = items.map(({ subscription, now }) => ({ subscription, told: taken ? now : null }))
  // After the last retry they are looked at like all others, and their next change is told anew.
  const nextSeconds = taken || wait === null ? LOOK_SECONDS : Math.ceil(wait / 1_000)
  await noteSubscriptions(deps.db, done, { attempts: taken || wait === null ? 0 : attempts, called: true, nextSeconds, gapSeconds: GAP_SECONDS })
}

async function isTaken({ http }: NewsDeps, target: string, { login, numbers, items }: Call): Promise<boolean> {
  const changeTime = Math.floor(Date.now() / 1_000)
  const body = JSON.stringify({
    items: items.map(({ subscription: { skuId }, now: { type, price, stock, status } }) => ({
      goods_no: String(numbers.get(skuId) ?? 0),
      goods_type: type,
      price,
      stock,
      status,
      change_time: changeTime
    }))
  })
  const answer = await http.send({ method: 'POST', ...signedCall(target, body, login), timeoutMs: TIMEOUT_MS, maxBytes: ANSWER_MAX_BYTES })
  return answer.kind === 'answer' && answer.status >= 200 && answer.status < 300 && /"code"\s*:\s*0\b/.test(answer.body)
}
