/** Orders and cards: what was answered is what is stored, once. */
import type { Call, SeenOrder } from '../load/history.ts'
import type { Shop } from '../load/shop.ts'
import type { CardFact, Facts, OrderFact } from './facts.ts'
import { createFindings, type Finding } from './finding.ts'

export interface Evidence {
  readonly history: readonly Call[]
  readonly facts: Facts
  readonly shop: Shop
  /** Hashes of all keys that were ever handed in: imported, pushed, or sold by a supplier. */
  readonly known: ReadonlySet<string>
}

/** `ord_0192…` without the prefix. */
export const bare = (apiId: string): string => apiId.slice(apiId.indexOf('_') + 1)

const DELIVERED = new Set(['fulfilled', 'partially_fulfilled', 'refunded'])
const keyOf = (owner: number, key: string | null): string => `${owner}:${key}`
export const isAcknowledged = ({ status }: Call): boolean => status !== null && status < 300

interface Sighting {
  readonly call: Call
  readonly order: SeenOrder
}

const sightings = (history: readonly Call[]): Sighting[] =>
  history.flatMap(call => (call.orders ?? []).flatMap(order => (order === null ? [] : [{ call, order }])))

/** An acknowledged order exists, as it was acknowledged, with the cards that were shown. */
export function checkAcknowledged({ history, facts, shop }: Evidence): Finding[] {
  const found = createFindings()
  const orders = new Map(facts.orders.map(order => [order.id, order]))
  const cards = new Map(facts.cards.map(card => [card.id, card]))
  for (const { call, order } of sightings(history)) {
    const stored = orders.get(bare(order.id))
    if (stored === undefined) found.add('acknowledged orders exist', `${order.id} of ${keyOf(call.owner, call.key)} is gone`)
    else for (const what of differences(call, order, stored, shop)) found.add('acknowledged orders stand', `${order.id}: ${what}`)
    for (const { id, hash } of order.cards) {
      const card = cards.get(bare(id))
      if (card?.orderId !== bare(order.id))
        found.add('shown cards stay with their order', `${id} was shown for ${order.id} and belongs to ${card?.orderId}`)
      else if (card.hash !== hash) found.add('shown cards stay what they were', `${id} shows another secret`)
    }
  }
  return found.list
}

function differences({ owner, op }: Call, seen: SeenOrder, stored: OrderFact, shop: Shop): string[] {
  const reseller = bare(shop.resellers[owner]?.id ?? '_')
  return [
    ...(stored.resellerId === reseller ? [] : ['it belongs to another reseller']),
    ...(stored.quantity === seen.quantity && stored.total === BigInt(seen.total) ? [] : ['its quantity or total changed']),
    ...(DELIVERED.has(seen.state) && !DELIVERED.has(stored.state) ? [`it was ${seen.state} and is ${stored.state}`] : []),
    ...(seen.state === 'cancelled' && stored.state !== 'cancelled' ? [`it was cancelled and is ${stored.state}`] : []),
    ...(seen.state === 'fulfilled' && seen.cards.length !== seen.quantity && op !== 'read-order'
      ? [`it showed ${seen.cards.length} of ${seen.quantity} cards`]
      : [])
  ]
}

/** One key, one order, one set of cards; other content under the same key never counts as well. */
export function checkKeys({ history, facts, shop }: Evidence): Finding[] {
  const found = createFindings()
  const resellers = new Map(shop.resellers.map(({ id }, index) => [bare(id), index]))
  const stored = new Map(facts.orders.map(order => [keyOf(resellers.get(order.resellerId) ?? -1, order.key), order]))
  for (const [key, calls] of Map.groupBy(
    history.filter(call => call.op === 'order' || call.op === 'probe' || call.op === 'credit'),
    call => keyOf(call.owner, call.key)
  )) {
    const acknowledged = calls.filter(isAcknowledged)
    const ids = new Set(acknowledged.flatMap(call => (call.orders ?? []).map(order => order?.id)))
    if (ids.size > 1) found.add('one key is one order', `${key} gave ${[...ids].join(', ')}`)
    const sets = new Set(acknowledged.flatMap(call => (call.orders ?? []).flatMap(order => (order?.cards.length ? [cardSet(order)] : []))))
    if (sets.size > 1) found.add('one key shows one set of cards', key)
    if (new Set(acknowledged.map(call => call.otherContent === true)).size > 1) found.add('other content under a key is refused', key)
    const wasRefused = calls.every(call => call.status !== null && call.status >= 400 && call.status < 500 && call.code !== 'request_in_progress')
    if (wasRefused && stored.has(key)) found.add('a refused order leaves no trace', key)
  }
  return found.list
}

const cardSet = ({ cards }: SeenOrder): string =>
  cards
    .map(card => `${card.id}=${card.hash}`)
    .sort()
    .join()

/** Whoever has a daily cap has spent no more on any day. */
export function checkCaps({ facts, shop }: Evidence): Finding[] {
  const found = createFindings()
  for (const { id, cap } of shop.resellers) {
    if (cap === undefined) continue
    const spent = new Map<string, bigint>()
    for (const { resellerId, day, total } of facts.orders) if (resellerId === bare(id)) spent.set(day, (spent.get(day) ?? 0n) + total)
    for (const [day, total] of spent) if (total > BigInt(cap)) found.add('a cap is kept', `${total} of ${cap} were spent on ${day}`)
  }
  return found.list
}

/** No card twice: not in what customers saw, not in what is stored; and none that nobody handed in. */
export function checkCards({ history, facts, shop, known }: Evidence): Finding[] {
  const found = createFindings()
  const owners = new Map<string, string>()
  for (const { order } of sightings(history)) {
    for (const { hash } of order.cards) {
      const before = owners.get(hash)
      if (before !== undefined && before !== order.id) found.add('a card is sold once', `one card was shown for ${before} and ${order.id}`)
      owners.set(hash, order.id)
    }
  }
  const stored = new Map<string, CardFact>()
  const tags = new Map(shop.skus.map(({ id, tag }) => [bare(id), tag]))
  const isImported = new Set(shop.skus.map(({ tag }) => tag))
  for (const card of facts.cards) {
    if (card.hash === null) {
      found.add('every card opens', `${card.id} (${card.state}) does not`)
      continue
    }
    const twin = stored.get(card.hash)
    if (twin !== undefined) found.add('a key is stocked once', `${twin.id} and ${card.id} hold the same`)
    stored.set(card.hash, card)
    if (!known.has(card.hash)) found.add('every card was handed in', `nobody handed ${card.id} in`)
    if (card.tag !== null && isImported.has(card.tag) && tags.get(card.skuId) !== card.tag) found.add('a key stays with its SKU', card.id)
  }
  return found.list
}

/** What an import or a push acknowledged is in stock or sold. */
export function checkStocked({ history, facts }: Evidence): Finding[] {
  const found = createFindings()
  const stored = new Set(facts.cards.map(card => card.hash))
  for (const call of history) {
    if ((call.op !== 'import' && call.op !== 'push') || !isAcknowledged(call)) continue
    const missing = (call.keys ?? []).filter(hash => !stored.has(hash)).length
    if (missing > 0) found.add('acknowledged keys are stocked', `${missing} of ${call.keys?.length} keys of intent ${call.intent} are gone`)
    const [accepted = 0, duplicates = 0] = call.taken ?? []
    if (accepted + duplicates !== call.keys?.length) found.add('every key of an import is accounted for', `intent ${call.intent}`)
  }
  return found.list
}

/** Each time that a secret was shown has its row in the log. */
export function checkReveals({ history, facts }: Evidence): Finding[] {
  const found = createFindings()
  const shown = new Map<string, number>()
  for (const { order } of sightings(history)) for (const { id } of order.cards) shown.set(bare(id), (shown.get(bare(id)) ?? 0) + 1)
  for (const [id, times] of shown) {
    const logged = facts.reveals.get(id) ?? 0
    if (logged < times) found.add('every reveal is logged', `${id} was shown ${times} times and logged ${logged} times`)
  }
  return found.list
}

/** Nothing that a client does is a defect of ours, and every refusal is a problem in the agreed form. */
export function checkForm({ history }: Evidence): Finding[] {
  const found = createFindings()
  for (const { op, status, code, malformed, intent } of history) {
    if (status === 500 || code === 'internal_error') found.add('no answer is an internal error', `${op}, intent ${intent}`)
    if (op === 'cancel' && code === 'insufficient_funds') found.add('what is delivered is not taken back', `intent ${intent}`)
    if (malformed !== undefined) found.add('refusals are problems', `${op}: ${malformed}`)
  }
  return found.list
}
