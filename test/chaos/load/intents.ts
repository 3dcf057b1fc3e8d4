/** What a customer wants, and how long it insists: the same request under the same key until it is answered for certain. */
import { createHmac } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Dice } from '../dice.ts'
import type { Answer, Ask, Client } from './client.ts'
import { type Call, type HistoryWriter, hashOf, type Operation, type SeenOrder } from './history.ts'
import { CANARY, type Shop } from './shop.ts'

export interface LoadDeps {
  readonly client: Client
  readonly origins: readonly string[]
  readonly shop: Shop
  readonly history: HistoryWriter
  readonly dice: Dice
  readonly now: () => number
  /** After this nobody insists any more. */
  readonly patience: () => boolean
}

export interface Intent {
  readonly op: Operation
  readonly intent: number
  readonly owner: number
  readonly ask: Omit<Ask, 'key'>
  readonly about?: Pick<Call, 'skuId' | 'quantity' | 'otherContent' | 'amount' | 'keys'>
  /** One answer or none will do. */
  readonly once?: boolean
  /** Default: any. */
  readonly server?: number
}

const PAUSE_MS = [40, 400] as const
/** With two wrong clocks nobody takes it. */
const PUSH_TRIES_MAX = 12
const MONEY_DIGITS = 4

/** The answer that decides, or null when patience ended first. */
export async function insist(deps: LoadDeps, intent: Intent): Promise<Answer | null> {
  const { dice, origins } = deps
  let server = intent.server ?? dice.int(0, origins.length - 1)
  for (let tries = 1; deps.patience(); tries++) {
    const answer = await attempt(deps, intent, server)
    if (answer !== null && isDefinite(intent, answer)) return answer
    if (intent.once === true || (intent.op === 'push' && tries >= PUSH_TRIES_MAX)) return answer
    server = (server + 1) % origins.length
    await wait(dice.int(...PAUSE_MS))
  }
  return null
}

async function attempt(deps: LoadDeps, intent: Intent, server: number): Promise<Answer | null> {
  const { client, shop, history, origins } = deps
  const { op, owner, ask, about } = intent
  const key = op === 'push' ? null : (shop.resellers[owner]?.key ?? shop.adminKey)
  const invokedAt = deps.now()
  const base = { op, intent: intent.intent, owner, key: ask.idempotencyKey ?? null, server, invokedAt, ...about }
  try {
    const answer = await client.ask(origins[server] ?? '', { ...ask, ...(op === 'push' ? signed(shop, ask) : {}), key })
    history.add({ ...base, returnedAt: deps.now(), ...seen(op, answer) })
    return answer
  } catch {
    history.add({ ...base, returnedAt: null, status: null, code: null, replayed: false })
    return null
  }
}

/** Signed anew each time: the timestamp is part of it, the id is not. */
function signed({ push }: Shop, { body, headers }: Omit<Ask, 'key'>): Pick<Ask, 'headers'> {
  const timestamp = String(Math.floor(Date.now() / 1_000))
  const id = headers?.['webhook-id'] ?? ''
  const secret = Buffer.from(push.secret.replace('whsec_', ''), 'base64')
  const signature = createHmac('sha256', secret)
    .update(`${id}.${timestamp}.${JSON.stringify(body)}`)
    .digest('base64')
  return { headers: { ...headers, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` } }
}

/** A refusal is certain; that the server is busy, away, or still at it is not. A server with a wrong clock refuses a good signature. */
function isDefinite({ op }: Intent, { status, body }: Answer): boolean {
  if (status >= 500 || status === 429 || status === 408) return false
  if (op === 'push' && (status === 401 || status === 400)) return false
  return !(status === 409 && body?.code === 'request_in_progress')
}

function seen(op: Operation, answer: Answer): Omit<Call, 'op' | 'intent' | 'owner' | 'key' | 'server' | 'invokedAt' | 'returnedAt'> {
  const { status, headers, body } = answer
  const malformed = faultOf(answer)
  const base = { status, code: body?.code ?? null, replayed: headers['idempotent-replayed'] === 'true', ...(malformed === null ? {} : { malformed }) }
  if (status >= 300) return base
  switch (op) {
    case 'order':
    case 'cancel':
    case 'read-order':
    case 'probe':
      return { ...base, orders: [toSeenOrder(body)] }
    case 'batch':
      return { ...base, orders: body.data.map((each: Answer['body']) => (each.order === undefined ? null : toSeenOrder(each.order))) }
    case 'wallet':
      return { ...base, wallet: { balance: units(body.balance), held: units(body.held), available: units(body.available) } }
    case 'import':
      return { ...base, taken: [body.accepted, body.duplicates] }
    case 'push':
      return { ...base, taken: [body.accepted ?? 0, body.duplicates ?? 0] }
    case 'credit':
      return base
  }
}

function faultOf({ status, headers, body, text }: Answer): string | null {
  if (status < 400) return null
  if (text.includes(CANARY)) return 'a problem tells a secret'
  const isProblem =
    String(headers['content-type']).startsWith('application/problem+json') && typeof body?.code === 'string' && body?.status === status
  return isProblem ? null : `not a problem: ${status} ${text.slice(0, 200)}`
}

const toSeenOrder = (body: Answer['body']): SeenOrder => ({
  id: body.id,
  state: body.state,
  quantity: body.quantity,
  total: units(body.total),
  cards: (body.cards ?? []).map((card: Answer['body']) => ({ id: card.id, hash: hashOf(card.secret) }))
})

const units = ({ amount }: { readonly amount: string }): string => {
  const [whole = '0', fraction = ''] = amount.split('.')
  return BigInt(`${whole}${fraction.padEnd(MONEY_DIGITS, '0')}`).toString()
}
