/** Orders, stock and cards, as the repositories of orders, catalog and inventory speak to them. */
import { count, expectRows, type Given, list, rows, type Statement } from './statement.ts'
import { type Cell, lock, SqlError, seen, write } from './store.ts'
import { existing, listOf, type OrderRow, orderKey, type SourceRow } from './tables.ts'

const findExisting: Statement = ({ store, holder, values: [resellers, keys] }) =>
  rows(list(resellers).flatMap((reseller, index) => store.orders.find(0, orderKey(reseller, keys[index]), holder) ?? []))

const findReferences: Statement = ({ store, holder, values: [resellers, references] }) =>
  rows(list(resellers).flatMap((reseller, index) => store.orders.find(1, orderKey(reseller, references[index]), holder) ?? []))

/** What the order must cost now; for the oracle, so it is not asked of the code that is tested. */
function dueOf({ store, holder }: Given, skuId: string, quantity: number): bigint {
  const sku = store.skus.read(skuId, holder)
  if (sku === undefined) return -1n
  return quantity >= 2 && sku.break_price !== null ? sku.break_price : sku.price
}

const insertOrders: Statement = given => {
  const { store, holder, values, now, mustNot } = given
  const [ids, resellers, keys, hashes, references, states, skus, quantities, currencies, unitPrices, balances, rules, reveals] = values
  const [mayWait, reviews] = [values[17], values[18]]
  const at = now()
  const inserted = list(ids).map((id, index): OrderRow => {
    const quantity = Number(quantities[index])
    const unitPrice = BigInt(unitPrices[index])
    if (unitPrice !== dueOf(given, skus[index], quantity))
      mustNot(`order ${id} is sold for ${unitPrice}, not for ${dueOf(given, skus[index], quantity)}`)
    return {
      id,
      reseller_id: resellers[index],
      idempotency_key: keys[index],
      request_hash: hashes[index],
      reference: references[index],
      state: states[index],
      sku_id: skus[index],
      quantity,
      currency: currencies[index],
      unit_price: unitPrice.toString(),
      total: (unitPrice * BigInt(quantity)).toString(),
      balance_after: balances[index],
      price_rule: rules[index],
      reveal: reveals[index],
      metadata: null,
      created_at: at,
      fulfilled_at: states[index] === 'fulfilled' ? at : null,
      deadline_at: null,
      delivered: reviews[index] === undefined || reviews[index] === null ? null : 0,
      from_stock: null,
      buys_from: mayWait[index] === true ? 0 : null
    }
  })
  store.orders.insertAll(inserted, holder)
  return rows([{ now: at }])
}

const readOrder: Statement = ({ store, holder, values: [id, reseller] }) => {
  const row = store.orders.read(id, holder)
  return rows(row === undefined || (reseller !== null && row.reseller_id !== reseller) ? [] : [row])
}

const lockOrder: Statement = ({ store, holder, values: [id, reseller] }) => {
  const row = lock(store.orders.cells.get(id), holder)
  return rows(row === undefined || row.reseller_id !== reseller ? [] : [row])
}

const moveOrders: Statement = ({ store, holder, values: [ids, from, to], now }) => {
  let moved = 0
  for (const id of list(ids)) {
    const cell = store.orders.cells.get(id)
    const row = lock(cell, holder)
    if (cell === undefined || row === undefined || row.state !== from) continue
    write(cell, { ...row, state: to, fulfilled_at: to === 'fulfilled' ? now() : row.fulfilled_at }, holder)
    moved++
  }
  return count(moved)
}

const backordersOf = ({ store, holder, values: [skuId] }: Given): { cell: Cell<OrderRow>; row: OrderRow }[] =>
  [...existing(listOf(store.waiting, skuId), holder)].filter(({ row }) => row.state === 'backordered').sort((a, b) => (a.row.id < b.row.id ? -1 : 1))

const readBackorders: Statement = given =>
  rows(
    backordersOf(given)
      .slice(0, given.values[1])
      .map(({ row }) => row)
  )

/** Under READ COMMITTED: rows that were waited for are looked at again, and left out if they no longer fit. */
const lockBackorders: Statement = given =>
  rows(
    backordersOf(given)
      .slice(0, given.values[1])
      .flatMap(({ cell }) => lock(cell, given.holder) ?? [])
      .filter(row => row.state === 'backordered')
  )

const skusToFill: Statement = ({ store, holder, values: [limit] }) =>
  rows(
    [...store.waiting.keys()]
      .filter(skuId => (store.fences.read(skuId, holder)?.available ?? 0) > 0)
      .filter(skuId => [...existing(listOf(store.waiting, skuId), holder)].some(({ row }) => row.state === 'backordered'))
      .slice(0, limit)
      .map(skuId => ({ sku_id: skuId }))
  )

const lockSkuRows: Statement = ({ store, holder, values: [ids] }) =>
  rows(
    [...new Set(list(ids))]
      .sort()
      .flatMap(id => lock(store.fences.cells.get(id), holder) ?? [])
      .map(row => ({ ...row, fence: row.fence.toString(), revision: row.revision.toString() }))
  )

const writeSkuRows: Statement = ({ store, holder, values: [ids, available, fences], mustNot }) => {
  for (const [index, id] of list(ids).entries()) {
    const cell = store.fences.cells.get(id)
    const row = lock(cell, holder)
    if (cell === undefined || row === undefined) continue
    if (available[index] < 0) throw new SqlError('23514', `the counter of ${id} is below zero`)
    const fence = BigInt(list<string | bigint>(fences)[index] ?? 0)
    if (fence < row.fence) mustNot(`the fence of ${id} goes back from ${row.fence} to ${fence}`)
    write(cell, { ...row, available: Number(available[index]), fence }, holder)
  }
  return count(ids.length)
}

const adjustStock: Statement = ({ store, holder, values: [ids, deltas] }) => {
  const wanted = new Map<string, number>()
  for (const [index, id] of list(ids).entries()) wanted.set(id, (wanted.get(id) ?? 0) + Number(deltas[index]))
  const locked = [...wanted.keys()].sort().map(id => ({ id, row: lock(store.fences.cells.get(id), holder) }))
  return rows(
    locked.flatMap(({ id, row }) => {
      const cell = store.fences.cells.get(id)
      if (cell === undefined || row === undefined) return []
      const available = row.available + (wanted.get(id) ?? 0)
      if (available < 0) throw new SqlError('23514', `the counter of ${id} is below zero`)
      write(cell, { ...row, available }, holder)
      return [{ sku_id: id, available }]
    })
  )
}

function offersOf(sources: readonly SourceRow[], skuId: string): [string, null][] | null {
  const offers = sources.filter(source => source.sku_id === skuId).map((source): [string, null] => [source.unit_cost, null])
  return offers.length === 0 ? null : offers
}

const listings: Statement = ({ store, holder, values: [ids] }) =>
  rows(
    list(ids).flatMap(id => {
      const [sku, fence] = [store.skus.read(id, holder), store.fences.read(id, holder)]
      if (sku === undefined || fence === undefined) return []
      return [
        {
          id,
          product_id: id,
          code: id,
          name: id,
          kind: sku.is_top_up ? 'topup' : 'card',
          currency: 'CNY',
          price: sku.price.toString(),
          min_quantity: 1,
          max_quantity: 100,
          card_kind: 'text',
          input_schema: null,
          instructions: null,
          low_stock_threshold: 0,
          on_sale: sku.on_sale,
          offers: offersOf(store.sources, id),
          margin_floor: null,
          max_cost: null,
          revision: fence.revision.toString(),
          available: fence.available,
          prices: sku.break_price === null ? null : [[null, null, 2, sku.break_price.toString()]]
        }
      ]
    })
  )

/** Locks cards that are for sale, the oldest first, and skips what others hold. */
const claimCards: Statement = ({ store, holder, values: [skus, quantities] }) => {
  const claimed: object[] = []
  for (const [index, skuId] of list(skus).entries()) {
    let left = Number(list<number>(quantities)[index])
    const cells = listOf(store.forSale, skuId)
    for (let at = 0; at < cells.length && left > 0; at++) {
      const cell = cells[at]!
      if (cell.holder === null && cell.value?.state !== 'available') {
        cells.splice(at--, 1)
        continue
      }
      if ((cell.holder !== null && cell.holder !== holder) || seen(cell, holder)?.state !== 'available') continue
      const row = lock(cell, holder)
      if (row === undefined) continue
      left--
      claimed.push({ id: row.id, sku_id: skuId, data_key_id: 1, ciphertext: EMPTY, expires_at: null })
    }
  }
  return rows(claimed)
}

const EMPTY = Buffer.alloc(0)

const issueCards: Statement = ({ store, holder, values: [cards, orders, positions, revealed], newId }) => {
  let issued = 0
  for (const [index, cardId] of list(cards).entries()) {
    const cell = store.cards.cells.get(cardId)
    const row = lock(cell, holder)
    if (cell === undefined || row?.state !== 'available') continue
    const orderId = orders[index]
    store.give(cell, { ...row, state: revealed[index] ? 'revealed' : 'issued', order_id: orderId, position: Number(positions[index]) }, holder)
    if (revealed[index]) store.reveals.insertAll([{ id: newId(), card_id: cardId, order_id: orderId }], holder)
    issued++
  }
  expectRows(issued, cards.length, 'cards issued')
  return count(1)
}

const cardsOfOrder: Statement = ({ store, holder, values: [orderId, after, limit] }) =>
  rows(
    store
      .cardsOfOrder(orderId, holder)
      .filter(card => (card.position ?? -1) > after)
      .slice(0, limit)
      .map(card => ({ ...card, data_key_id: 1, ciphertext: EMPTY, expires_at: null }))
  )

const logReveals: Statement = ({ store, holder, values: [orderId, cardIds], newId }) => {
  const shown = list(cardIds).filter(id => store.cards.read(id, holder)?.order_id === orderId)
  const cells = shown.flatMap(id => store.cards.cells.get(id) ?? []).filter(cell => seen(cell, holder)?.state === 'issued')
  for (const cell of cells) lock(cell, holder)
  for (const cell of cells) {
    const row = seen(cell, holder)
    if (row?.state === 'issued') write(cell, { ...row, state: 'revealed' }, holder)
  }
  store.reveals.insertAll(
    shown.map(id => ({ id: newId(), card_id: id, order_id: orderId })),
    holder
  )
  return count(shown.length)
}

const insertEvents: Statement = ({ store, holder, values: [ids, types, resellers, subjects] }) => {
  store.outbox.insertAll(
    list(ids).map((id, index) => ({ id, type: types[index], reseller_id: resellers[index], subject_id: subjects[index] })),
    holder
  )
  return count(ids.length)
}

const claimRecord: Statement = ({ store, holder, values: [owner, key, hash] }) =>
  count(store.records.insertNew([{ key: orderKey(owner, key), request_hash: hash, response: null }], holder).length)

const readRecord: Statement = ({ store, holder, values: [owner, key] }) => {
  const row = store.records.read(orderKey(owner, key), holder)
  return rows(row === undefined ? [] : [row])
}

const saveRecord: Statement = ({ store, holder, values: [owner, key, response] }) => {
  const cell = store.records.cells.get(orderKey(owner, key))
  const row = lock(cell, holder)
  if (cell === undefined || row === undefined) return count(0)
  write(cell, { ...row, response: JSON.parse(response) }, holder)
  return count(1)
}

export const SELL_STATEMENTS: Readonly<Record<string, Statement>> = {
  order_find_existing: findExisting,
  order_find_references: findReferences,
  order_insert: insertOrders,
  order_read: readOrder,
  order_lock: lockOrder,
  order_move: moveOrders,
  order_read_backorders: readBackorders,
  order_lock_backorders: lockBackorders,
  order_skus_to_fill: skusToFill,
  catalog_lock_sku_rows: lockSkuRows,
  catalog_write_sku_rows: writeSkuRows,
  catalog_adjust_stock: adjustStock,
  catalog_listings: listings,
  card_claim: claimCards,
  card_issue: issueCards,
  card_of_order: cardsOfOrder,
  card_reveal_order_cards: logReveals,
  outbox_insert: insertEvents,
  idempotency_claim: claimRecord,
  idempotency_read: readRecord,
  idempotency_save: saveRecord
}
