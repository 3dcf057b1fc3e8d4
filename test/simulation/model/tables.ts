/** The tables that orders touch, with the constraints of the migrations. Columns are named as in SQL; amounts are bigint. */
import { type Cell, type Holder, SqlError, seen, Table, write } from './store.ts'

export interface OrderRow {
  readonly id: string
  readonly reseller_id: string
  readonly idempotency_key: string
  readonly request_hash: Buffer
  readonly reference: string | null
  readonly state: string
  readonly sku_id: string
  readonly quantity: number
  readonly currency: string
  readonly unit_price: string
  readonly total: string
  readonly balance_after: string
  readonly price_rule: string
  readonly reveal: boolean
  readonly metadata: null
  readonly created_at: Date
  readonly fulfilled_at: Date | null
  readonly deadline_at: Date | null
  readonly delivered: number | null
  readonly from_stock: number | null
  readonly buys_from: number | null
}

/** Moments are milliseconds of the machine. */
export interface AttemptRow {
  readonly id: string
  readonly order_id: string
  readonly ordinal: number
  readonly supplier_id: string
  readonly product_code: string
  readonly reference: string
  readonly quantity: number
  readonly currency: string
  readonly unit_cost: string
  readonly max_unit_cost: string
  readonly state: string
  readonly upstream_id: string | null
  readonly tries: number
  readonly checks: number
  readonly not_found: number
  readonly duplicates: number
  readonly detail: string | null
  readonly quiet_time_ms: string
  readonly due_at: number | null
  readonly review_at: number
  readonly created_at: number
  readonly sent_at: number | null
  readonly ended_at: number | null
}

export interface UnitRow {
  readonly attempt_id: string
  readonly order_id: string
  readonly position: number
  readonly state: string
}

export interface FingerprintRow {
  readonly fingerprint: string
  readonly card_id: string
}

/** Sources do not change here, and do not say how much they have. */
export interface SourceRow {
  readonly sku_id: string
  readonly supplier_id: string
  readonly product_code: string
  readonly unit_cost: string
  readonly priority: number
  readonly adapter: string
}

export interface AccountRow {
  readonly id: string
  readonly owner_id: string | null
  readonly kind: string
  readonly currency: string
  readonly shard: number
  readonly balance: bigint
  readonly version: bigint
  readonly credit_limit: bigint | null
}

export interface TransferRow {
  readonly id: string
  readonly kind: string
  readonly subject_id: string
  readonly step: number
  readonly currency: string
}

export interface EntryRow {
  readonly transfer_id: string
  readonly leg: number
  readonly account_id: string
  readonly amount: bigint
  readonly account_version: bigint
  readonly balance_after: bigint
}

export interface CardRow {
  readonly id: string
  readonly sku_id: string
  readonly batch_id: string
  readonly state: string
  readonly order_id: string | null
  readonly position: number | null
}

export interface FenceRow {
  readonly sku_id: string
  readonly fence: bigint
  readonly available: number
  readonly revision: bigint
}

export interface SkuRow {
  readonly id: string
  readonly price: bigint
  readonly break_price: bigint | null
  readonly on_sale: boolean
  readonly is_top_up: boolean
}

export interface EventRow {
  readonly id: string
  readonly type: string
  readonly reseller_id: string | null
  readonly subject_id: string
}

export interface RevealRow {
  readonly id: string
  readonly card_id: string
  readonly order_id: string
}

export interface RecordRow {
  readonly key: string
  readonly request_hash: Buffer
  readonly response: unknown
}

export const orderKey = (resellerId: string, text: string): string => `${resellerId}:${text}`

export class Store {
  readonly orders = new Table<OrderRow>(
    row => row.id,
    [
      { name: 'orders_key', of: row => orderKey(row.reseller_id, row.idempotency_key) },
      { name: 'orders_reference', of: row => (row.reference === null ? null : orderKey(row.reseller_id, row.reference)) }
    ]
  )
  readonly accounts = new Table<AccountRow>(
    row => row.id,
    [{ name: 'ledger_account_key', of: row => `${row.owner_id}:${row.kind}:${row.currency}:${row.shard}` }]
  )
  readonly transfers = new Table<TransferRow>(
    row => row.id,
    [{ name: 'ledger_transfer_subject', of: row => `${row.subject_id}:${row.kind}:${row.step}` }]
  )
  readonly entries = new Table<EntryRow>(
    row => `${row.transfer_id}:${row.leg}`,
    [{ name: 'ledger_entry_version', of: row => `${row.account_id}:${row.account_version}` }]
  )
  readonly cards = new Table<CardRow>(row => row.id)
  readonly fences = new Table<FenceRow>(row => row.sku_id)
  readonly skus = new Table<SkuRow>(row => row.id)
  readonly outbox = new Table<EventRow>(row => row.id)
  readonly reveals = new Table<RevealRow>(row => row.id)
  readonly records = new Table<RecordRow>(row => row.key)
  readonly attempts = new Table<AttemptRow>(
    row => row.id,
    [
      { name: 'supplier_attempt_reference', of: row => `${row.supplier_id}:${row.reference}` },
      { name: 'supplier_attempt_ordinal', of: row => `${row.order_id}:${row.ordinal}` }
    ]
  )
  readonly units = new Table<UnitRow>(row => `${row.attempt_id}:${row.position}`)
  readonly fingerprints = new Table<FingerprintRow>(row => row.fingerprint)
  readonly sources: SourceRow[] = []
  /** `card_pick`: by SKU, in the order of coming. */
  readonly forSale = new Map<string, Cell<CardRow>[]>()
  /** `orders_waiting`, by SKU. */
  readonly waiting = new Map<string, Cell<OrderRow>[]>()
  /** Orders that nobody has begun to buy. */
  readonly reserved: Cell<OrderRow>[] = []
  /** `supplier_attempt_due`. */
  readonly due: Cell<AttemptRow>[] = []
  readonly attemptsOf = new Map<string, Cell<AttemptRow>[]>()
  readonly unitsOf = new Map<string, Cell<UnitRow>[]>()
  /** `card_order`. */
  readonly cardsOf = new Map<string, Set<Cell<CardRow>>>()

  constructor() {
    this.cards.onInsert = cell => {
      const row = cell.pending
      if (row?.state === 'available') listOf(this.forSale, row.sku_id).push(cell)
    }
    this.orders.onInsert = cell => {
      if (cell.pending?.state === 'backordered') listOf(this.waiting, cell.pending.sku_id).push(cell)
      if (cell.pending?.state === 'reserved') this.reserved.push(cell)
    }
    this.attempts.onInsert = cell => {
      this.due.push(cell)
      listOf(this.attemptsOf, cell.pending?.order_id ?? '').push(cell)
    }
    this.units.onInsert = cell => listOf(this.unitsOf, cell.pending?.attempt_id ?? '').push(cell)
  }

  /** A card of an order: the place is unique, whoever has not committed yet included. */
  give(cell: Cell<CardRow>, row: CardRow, holder: Holder): void {
    const orderId = row.order_id ?? ''
    let cards = this.cardsOf.get(orderId)
    if (cards === undefined) {
      cards = new Set()
      this.cardsOf.set(orderId, cards)
    }
    for (const other of cards) {
      const known = other.pending ?? other.value
      if (other !== cell && known?.order_id === orderId && known.position === row.position) {
        throw new SqlError('23505', `two cards at place ${row.position} of ${orderId}`, 'card_unit')
      }
    }
    cards.add(cell)
    write(cell, row, holder)
  }

  /** The cards of an order, by position. */
  cardsOfOrder(orderId: string, holder: Holder | null): CardRow[] {
    const rows: CardRow[] = []
    for (const cell of this.cardsOf.get(orderId) ?? []) {
      const row = seen(cell, holder)
      if (row?.order_id === orderId) rows.push(row)
    }
    return rows.sort((a, b) => (a.position ?? 0) - (b.position ?? 0))
  }

  /** What the deferred trigger and the checks of the migrations say when a transaction commits. */
  checkAtCommit(holder: Holder, written: readonly TransferRow[]): void {
    for (const { id, currency } of written) {
      let sum = 0n
      let legs = 0
      for (let leg = 0; leg < 4; leg++) {
        const entry = this.entries.read(`${id}:${leg}`, holder)
        if (entry === undefined) continue
        legs++
        sum += entry.amount
        if (this.accounts.read(entry.account_id, holder)?.currency !== currency) throw new SqlError('LG002', 'an entry of another currency')
      }
      if (legs < 2 || sum !== 0n) throw new SqlError('LG001', `transfer ${id} is not balanced`)
    }
  }
}

export function listOf<T>(lists: Map<string, T[]>, key: string): T[] {
  let list = lists.get(key)
  if (list === undefined) {
    list = []
    lists.set(key, list)
  }
  return list
}

/** Cells of rows that are there, or may be: what was rolled back is dropped on the way. */
export function* existing<R extends object>(cells: Cell<R>[], holder: Holder | null): Generator<{ cell: Cell<R>; row: R }> {
  for (let index = 0; index < cells.length; index++) {
    const cell = cells[index]!
    if (cell.value === undefined && cell.pending === undefined) {
      cells.splice(index--, 1)
      continue
    }
    const row = seen(cell, holder)
    if (row !== undefined) yield { cell, row }
  }
}
