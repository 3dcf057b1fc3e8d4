/** Purchases, as the repositories of `orders/upstream`, suppliers and inventory speak of them. */
import { count, expectRows, type Given, list, rows, type Statement } from './statement.ts'
import { type Cell, type Holder, lock, SqlError, seen, write } from './store.ts'
import { type AttemptRow, type CardRow, existing, listOf, type OrderRow, type UnitRow } from './tables.ts'

const at = ({ now }: Given): number => now().getTime()
const isFree = (cell: Cell<object>, holder: Holder): boolean => cell.holder === null || cell.holder === holder
const ids = (value: unknown): string[] => [...new Set(list(value))].sort()

/** Of which something is to be done, by the clock of the database. */
function dueOf(given: Given): { cell: Cell<AttemptRow>; row: AttemptRow }[] {
  const { store, holder } = given
  const moment = at(given)
  const found: { cell: Cell<AttemptRow>; row: AttemptRow }[] = []
  for (const each of existing(store.due, holder)) if (each.row.due_at !== null && each.row.due_at <= moment) found.push(each)
  return found
}

const dueSuppliers: Statement = given => {
  forgetEnded(given)
  return rows([...new Set(dueOf(given).map(({ row }) => row.supplier_id))].map(id => ({ id })))
}

/** Keeps the model's own index short. */
function forgetEnded({ store: { due } }: Given): void {
  for (let index = 0; index < due.length; index++) {
    const cell = due[index]!
    if (cell.holder === null && cell.value?.ended_at !== null && cell.value?.due_at === null) due.splice(index--, 1)
  }
}

const claim: Statement = given => {
  const { store, holder, values } = given
  const [suppliers, slots, buys, leases] = values.map(each => list<string | number | boolean>(each))
  const moment = at(given)
  const claimed: object[] = []
  for (const [index, supplierId] of (suppliers ?? []).entries()) {
    const possible = dueOf(given)
      .filter(({ cell, row }) => row.supplier_id === supplierId && (buys?.[index] === true || row.state !== 'intent') && isFree(cell, holder))
      .sort((a, b) => Number(a.row.due_at) - Number(b.row.due_at))
    for (const { cell } of possible.slice(0, Number(slots?.[index]))) {
      const row = lock(cell, holder)
      const order = row === undefined ? undefined : store.orders.read(row.order_id, holder)
      if (row === undefined || order === undefined) continue
      const isNew = row.state === 'intent'
      const sent = isNew ? { state: 'sent', tries: row.tries + 1, sent_at: moment } : {}
      write(cell, { ...row, ...sent, due_at: moment + Number(leases?.[index]) }, holder)
      claimed.push({ ...row, claimed_from: row.state, reseller_id: order.reseller_id, sku_id: order.sku_id, input: null, is_top_up: false })
    }
  }
  return rows(claimed)
}

const toPurchase = (row: OrderRow): object => ({ ...row, input: null, is_top_up: false })

const lockOrders: Statement = ({ store, holder, values: [orderIds] }) =>
  rows(
    ids(orderIds)
      .flatMap(id => lock(store.orders.cells.get(id), holder) ?? [])
      .map(toPurchase)
  )

const reservedOf = ({ store, holder }: Given): { cell: Cell<OrderRow>; row: OrderRow }[] => {
  const { reserved } = store
  for (let index = 0; index < reserved.length; index++) {
    const cell = reserved[index]!
    if (cell.holder === null && cell.value?.state !== 'reserved') reserved.splice(index--, 1)
  }
  return [...existing(reserved, holder)].filter(({ row }) => row.state === 'reserved').sort((a, b) => (a.row.id < b.row.id ? -1 : 1))
}

const lockReserved: Statement = given => {
  const free = reservedOf(given).filter(({ cell }) => isFree(cell, given.holder))
  const taken = free.slice(0, given.values[0]).flatMap(({ cell }) => lock(cell, given.holder) ?? [])
  return rows(taken.map(row => ({ ...toPurchase(row), has_stock: (given.store.fences.read(row.sku_id, given.holder)?.available ?? 0) > 0 })))
}

const ownersOf = (orders: readonly OrderRow[]): object[] => [
  ...new Map(orders.map(({ reseller_id, currency }) => [`${reseller_id}:${currency}`, { reseller_id, currency }])).values()
]

const owners: Statement = ({ store, holder, values: [orderIds] }) => rows(ownersOf(list(orderIds).flatMap(id => store.orders.read(id, holder) ?? [])))
const reservedOwners: Statement = given =>
  rows(
    ownersOf(
      reservedOf(given)
        .slice(0, given.values[0])
        .map(({ row }) => row)
    )
  )

const unitsOf = ({ store, holder }: Given, attemptId: string): UnitRow[] =>
  (store.unitsOf.get(attemptId) ?? []).flatMap(cell => seen(cell, holder) ?? []).sort((a, b) => a.position - b.position)

const lockAttempts: Statement = given => {
  const { store, holder } = given
  const moment = at(given)
  const cells = ids(given.values[0]).flatMap(id => [...existing(listOf(store.attemptsOf, id), holder)].sort((a, b) => a.row.ordinal - b.row.ordinal))
  const locked = cells.flatMap(({ cell }) => lock(cell, holder) ?? [])
  return rows(
    locked.map(row => {
      const units = unitsOf(given, row.id)
      const age_ms = moment - (row.sent_at ?? row.created_at)
      return {
        ...row,
        age_ms,
        is_overdue: row.review_at <= moment,
        positions: units.map(each => each.position),
        states: units.map(each => each.state)
      }
    })
  )
}

const insertAttempts: Statement = given => {
  const { store, holder, values } = given
  const [attemptIds = [], orders, ordinals, suppliers, codes, references, quantities, currencies, costs, limits, quiet, reviews, leases] = values
  const moment = at(given)
  const made = list(attemptIds).map((id, index): AttemptRow => {
    const lease: number | null = leases[index]
    const sent = lease === null ? { state: 'intent', tries: 0, sent_at: null } : { state: 'sent', tries: 1, sent_at: moment }
    return {
      id,
      order_id: orders[index],
      ordinal: ordinals[index],
      supplier_id: suppliers[index],
      product_code: codes[index],
      reference: references[index],
      quantity: quantities[index],
      currency: currencies[index],
      unit_cost: costs[index],
      max_unit_cost: limits[index],
      quiet_time_ms: String(quiet[index]),
      review_at: moment + Number(reviews[index]),
      due_at: moment + (lease ?? 0),
      created_at: moment,
      ended_at: null,
      upstream_id: null,
      checks: 0,
      not_found: 0,
      duplicates: 0,
      detail: null,
      ...sent
    }
  })
  store.attempts.insertAll(made, holder)
  return count(made.length)
}

/** `supplier_attempt_unit_live`; whoever writes here has locked the order. */
function checkUnits(given: Given, orderId: string): void {
  const taken = new Set<number>()
  for (const { row } of existing(listOf(given.store.attemptsOf, orderId), given.holder)) {
    for (const { position, state } of unitsOf(given, row.id)) {
      if (state !== 'live' && state !== 'delivered') continue
      if (taken.has(position)) throw new SqlError('23505', `unit ${position} of ${orderId} is bought twice`, 'supplier_attempt_unit_live')
      taken.add(position)
    }
  }
}

const insertUnits: Statement = given => {
  const [attemptIds, orders, positions] = given.values
  const units = list(attemptIds).map((id, index) => ({ attempt_id: id, order_id: orders[index], position: positions[index], state: 'live' }))
  given.store.units.insertAll(units, given.holder)
  for (const orderId of ids(orders)) checkUnits(given, orderId)
  return count(units.length)
}

const ENDED = new Set(['succeeded', 'partial', 'failed', 'orphan'])

const updateAttempts: Statement = given => {
  const { store, holder, values } = given
  const [attemptIds, states, upstreamIds, costs, checks, notFound, duplicates, details, dues] = values
  const moment = at(given)
  for (const [index, id] of list(attemptIds).entries()) {
    const cell = store.attempts.cells.get(id)
    const row = lock(cell, holder)
    if (cell === undefined || row === undefined) continue
    const state: string = states[index]
    const due: number | null = dues[index] === null ? null : moment + Number(dues[index])
    const isOpen = (state === 'unknown' || state === 'submitted') && row.review_at > moment
    const next: AttemptRow = {
      ...row,
      state,
      upstream_id: upstreamIds[index],
      unit_cost: costs[index],
      checks: checks[index],
      not_found: notFound[index],
      duplicates: duplicates[index],
      detail: details[index],
      due_at: isOpen ? Math.min(due ?? row.review_at, row.review_at) : due,
      sent_at: state === 'intent' || state === 'failed' ? row.sent_at : (row.sent_at ?? moment),
      ended_at: ENDED.has(state) ? (row.ended_at ?? moment) : null
    }
    if (next.ended_at === null && next.due_at === null) throw new SqlError('23514', `attempt ${id} is open, and never due`)
    write(cell, next, holder)
  }
  return count(attemptIds.length)
}

const updateUnits: Statement = given => {
  const { store, holder, values } = given
  const [attemptIds, positions, states] = values
  const orders = new Set<string>()
  for (const [index, id] of list(attemptIds).entries()) {
    const cell = store.units.cells.get(`${id}:${positions[index]}`)
    const row = lock(cell, holder)
    if (cell === undefined || row === undefined) continue
    write(cell, { ...row, state: states[index] }, holder)
    orders.add(row.order_id)
  }
  for (const orderId of orders) checkUnits(given, orderId)
  return count(attemptIds.length)
}

const updateOrders: Statement = ({ store, holder, values, now }) => {
  const [orderIds, states, delivered, closed, old, fromStock] = values
  let moved = 0
  for (const [index, id] of list(orderIds).entries()) {
    const cell = store.orders.cells.get(id)
    const row = lock(cell, holder)
    if (cell === undefined || row === undefined || row.state !== old[index]) continue
    const isFilled = closed[index] && delivered[index] > 0
    const next = { ...row, state: states[index], delivered: delivered[index], from_stock: fromStock[index] || null }
    write(cell, { ...next, fulfilled_at: isFilled ? now() : null }, holder)
    const waiting = listOf(store.waiting, row.sku_id)
    if (next.state === 'backordered' && !waiting.includes(cell)) waiting.push(cell)
    moved++
  }
  expectRows(moved, orderIds.length, 'purchases moved')
  return count(1)
}

const keysOf = (found: readonly { readonly row: AttemptRow }[], limit: number): object[] =>
  found.slice(0, limit).map(({ row }) => ({ id: row.id, order_id: row.order_id }))

const unsent: Statement = given => {
  const before = at(given) - given.values[0]
  return rows(
    keysOf(
      [...existing(given.store.due, given.holder)].filter(({ row }) => row.state === 'intent' && row.created_at < before),
      given.values[1]
    )
  )
}

const unserved: Statement = given => {
  const moment = at(given)
  const isLate = (row: AttemptRow): boolean => row.due_at !== null && row.due_at < moment - given.values[0] && row.review_at <= moment
  const found = [...existing(given.store.due, given.holder)].filter(({ row }) => ['sent', 'unknown', 'submitted'].includes(row.state) && isLate(row))
  return rows(keysOf(found, given.values[1]))
}

const claimFingerprints: Statement = ({ store, holder, values: [fingerprints, cardIds] }) => {
  const claimed = list<Buffer>(fingerprints).map((each, index) => ({ fingerprint: each.toString('hex'), card_id: cardIds[index] }))
  return rows(store.fingerprints.insertNew(claimed, holder).map(({ card_id }) => ({ card_id })))
}

const storePurchased: Statement = ({ store, holder, values }) => {
  const [cardIds, skus, batches, _keys, _texts, states, orders, positions] = values
  const cards = list(cardIds).map(
    (id, index): CardRow => ({
      id,
      sku_id: skus[index],
      batch_id: batches[index],
      state: states[index],
      order_id: orders[index],
      position: positions[index]
    })
  )
  store.cards.insertAll(cards, holder)
  for (const card of cards) {
    const cell = store.cards.cells.get(card.id)
    if (cell !== undefined && card.order_id !== null) store.give(cell, card, holder)
  }
  return count(cards.length)
}

const buyable: Statement = ({ store, values: [skuIds] }) =>
  rows(
    store.sources
      .filter(({ sku_id }) => list(skuIds).includes(sku_id))
      .map(source => ({ ...source, available: null, limits: {}, margin_floor: null, max_cost: null }))
  )

const reportedSkus: Statement = ({ store, values: [suppliers] }) =>
  rows(
    [...new Set(store.sources.filter(({ supplier_id }) => list(suppliers).includes(supplier_id)).map(({ sku_id }) => sku_id))].map(sku_id => ({
      sku_id
    }))
  )

const lockSkus: Statement = ({ store, holder, values: [skuIds] }) =>
  rows(ids(skuIds).flatMap(id => (lock(store.skus.cells.get(id), holder) === undefined ? [] : [{ id, currency: 'CNY' }])))

const nothing: Statement = () => rows([])

export const PURCHASE_STATEMENTS: Readonly<Record<string, Statement>> = {
  purchase_due_suppliers: dueSuppliers,
  purchase_claim: claim,
  purchase_lock: lockOrders,
  purchase_lock_reserved: lockReserved,
  purchase_owners: owners,
  purchase_reserved_owners: reservedOwners,
  purchase_attempts: lockAttempts,
  purchase_insert_attempts: insertAttempts,
  purchase_insert_units: insertUnits,
  purchase_update_attempts: updateAttempts,
  purchase_update_units: updateUnits,
  purchase_update_orders: updateOrders,
  purchase_unsent: unsent,
  purchase_unserved: unserved,
  purchase_measures: nothing,
  card_claim_fingerprints: claimFingerprints,
  card_store_purchased: storePurchased,
  source_buyable: buyable,
  source_reported_skus: reportedSkus,
  source_lock_skus: lockSkus,
  source_lower_available: nothing
}
