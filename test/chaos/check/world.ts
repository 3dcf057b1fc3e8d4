/** The outside: suppliers' books against our purchases, and what a reseller was told against what happened. */
import { createHmac } from 'node:crypto'
import { hashOf } from '../load/history.ts'
import type { Facts } from './facts.ts'
import { createFindings, type Finding } from './finding.ts'

export interface BookEntry {
  readonly reference: string
  readonly state: 'pending' | 'done' | 'failed' | 'cancelled'
  readonly quantity: number
  readonly cards: readonly { readonly number: string | null; readonly secret: string }[]
}

/** A supplier that apologises in place of a card: who pays for it is for people to settle. */
const isCard = (secret: string): boolean => !/\p{Script=Han}/u.test(secret)

/** Attempts that ended with what was bought. */
const TAKEN = new Set(['succeeded', 'partial', 'orphan'])

/** Each sale is one attempt of ours, whose cards we have; no sale was given up. */
export function checkBooks(facts: Facts, books: readonly BookEntry[]): Finding[] {
  const found = createFindings()
  const attempts = Map.groupBy(facts.attempts, attempt => attempt.reference)
  const stored = new Set(facts.cards.map(card => card.hash))
  for (const sale of books) {
    const mine = attempts.get(sale.reference) ?? []
    if (mine.length !== 1) found.add('each purchase is one attempt', `${sale.reference} has ${mine.length}`)
    if (sale.state !== 'done' || sale.cards.length === 0) continue
    if (!sale.cards.every(({ secret }) => isCard(secret))) continue
    if (mine[0]?.state === 'review') found.add('a person is asked only where nothing else helps', sale.reference)
    const missing = sale.cards.filter(({ secret }) => !stored.has(hashOf(secret))).length
    if (missing > 0) found.add('no paid card is lost', `${missing} of ${sale.cards.length} cards of ${sale.reference} (${mine[0]?.state})`)
    if (!TAKEN.has(mine[0]?.state ?? '') && missing === 0) found.add('a purchase ends', `${sale.reference} is ${mine[0]?.state}`)
  }
  for (const [orderId, sales] of Map.groupBy(books, sale => attempts.get(sale.reference)?.[0]?.orderId ?? '')) {
    const kept = sales.filter(sale => sale.state === 'done' && attempts.get(sale.reference)?.[0]?.state === 'succeeded')
    const bought = kept.reduce((sum, sale) => sum + sale.quantity, 0)
    const wanted = facts.orders.find(order => order.id === orderId)?.quantity ?? 0
    if (bought > wanted) found.add('nothing is bought twice', `${bought} units for order ${orderId}, which wants ${wanted}`)
  }
  return found.list
}

export interface Delivered {
  readonly path: string
  readonly id: string
  readonly timestamp: string
  readonly signature: string
  /** Null: the endpoint took it. */
  readonly fault: string | null
  readonly body: string
}

export interface ToldEvent {
  readonly id: string
  readonly type: string
  readonly timestamp: string
  readonly data: unknown
}

/** Standard Webhooks, as a receiver checks it. */
function isSigned({ id, timestamp, signature, body }: Delivered, secret: string): boolean {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return signature.split(' ').includes(`v1,${expected}`)
}

/** Every event of the feed that is not older than the endpoint reached it, under one id with one body, and nothing else did. */
export function checkDeliveries(
  { path, createdAt, secret }: { path: string; createdAt: string; secret: string },
  events: readonly ToldEvent[],
  dump: readonly Delivered[]
): Finding[] {
  const found = createFindings()
  const arrived = Map.groupBy(
    dump.filter(each => each.path === path),
    each => each.id
  )
  const known = new Map(events.map(event => [event.id, event]))
  for (const { id, type, timestamp, data } of events) {
    if (Date.parse(timestamp) <= Date.parse(createdAt)) continue
    const taken = (arrived.get(id) ?? []).find(each => each.fault === null)
    if (taken === undefined) found.add('every event is delivered', `${id} (${type}) never reached ${path}`)
    else if (JSON.stringify(JSON.parse(taken.body).data) !== JSON.stringify(data)) found.add('events are told as they are', id)
  }
  for (const [id, times] of arrived) {
    if (!times.every(each => isSigned(each, secret))) found.add('every delivery is signed', `${id} to ${path}`)
    if (!known.has(id)) found.add('nothing is told that did not happen', `${id} reached ${path}`)
    if (new Set(times.map(each => each.body)).size > 1) found.add('a repeated event has the same bytes', id)
  }
  return found.list
}
