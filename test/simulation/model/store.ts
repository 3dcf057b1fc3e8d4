/**
 * Tables of the model database: rows with one writer at a time, as PostgreSQL's row locks make it. A row that a transaction has written
 * is its own until it ends; others read what was committed before, and wait if they want to lock it. Unique keys of rows that are not
 * committed yet make others wait as well. All of a statement happens at once.
 */

/** What a transaction is to the rows. */
export interface Holder {
  readonly touched: Cell<object>[]
}

export interface Cell<R extends object> {
  /** As committed; undefined: not there (yet). */
  value: R | undefined
  /** As its holder has written it. */
  pending: R | undefined
  holder: Holder | null
  /** Takes it out of its table again, if it was never committed. */
  readonly remove: () => void
}

/** The statement has to wait until this transaction has ended, and is then run again. */
export class Blocked {
  readonly by: Holder
  constructor(by: Holder) {
    this.by = by
  }
}

export class SqlError extends Error {
  readonly code: string
  readonly constraint: string | undefined
  constructor(code: string, message: string, constraint?: string) {
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = 0
    super(message)
    Error.stackTraceLimit = limit
    this.code = code
    this.constraint = constraint
  }
}

export interface UniqueKey<R> {
  readonly name: string
  /** Null: this row is not in the index. */
  readonly of: (row: R) => string | null
}

export class Table<R extends object> {
  readonly cells = new Map<string, Cell<R>>()
  readonly #keys: readonly (UniqueKey<R> & { readonly index: Map<string, Cell<R>> })[]
  readonly #idOf: (row: R) => string
  /** Told of each row that is there from now on, and of those that were not committed. */
  onInsert: ((cell: Cell<R>) => void) | null = null
  onRemove: ((cell: Cell<R>) => void) | null = null

  constructor(idOf: (row: R) => string, keys: readonly UniqueKey<R>[] = []) {
    this.#idOf = idOf
    this.#keys = keys.map(key => ({ ...key, index: new Map() }))
  }

  /** As the holder sees it: its own version, or what is committed. */
  read(id: string, holder: Holder | null): R | undefined {
    const cell = this.cells.get(id)
    return cell === undefined ? undefined : seen(cell, holder)
  }

  find(key: number, value: string, holder: Holder | null): R | undefined {
    const cell = this.#keys[key]?.index.get(value)
    return cell === undefined ? undefined : seen(cell, holder)
  }

  /** Throws Blocked, or the unique violation, before anything is written. */
  insertAll(rows: readonly R[], holder: Holder): void {
    const fresh = new Set<string>()
    for (const row of rows) this.#check(row, holder, fresh)
    for (const row of rows) this.#insert(row, holder)
  }

  /** Of the rows whose key is taken nothing is written. Throws Blocked. */
  insertNew(rows: readonly R[], holder: Holder): R[] {
    for (const row of rows) {
      const taken = this.cells.get(this.#idOf(row))
      if (taken?.value === undefined && taken !== undefined && taken.holder !== holder && taken.holder !== null) throw new Blocked(taken.holder)
    }
    const inserted: R[] = []
    for (const row of rows) {
      if (this.cells.has(this.#idOf(row))) continue
      this.#insert(row, holder)
      inserted.push(row)
    }
    return inserted
  }

  #check(row: R, holder: Holder, fresh: Set<string>): void {
    const id = this.#idOf(row)
    if (this.cells.has(id)) throw new SqlError('23505', `duplicate id ${id}`)
    for (const key of this.#keys) {
      const value = key.of(row)
      if (value === null) continue
      const known = key.index.get(value)
      if (known !== undefined && known.value === undefined && known.holder !== holder && known.holder !== null) throw new Blocked(known.holder)
      if (known !== undefined || fresh.has(key.name + value)) throw new SqlError('23505', `duplicate key in ${key.name}: ${value}`, key.name)
      fresh.add(key.name + value)
    }
  }

  #insert(row: R, holder: Holder): void {
    const id = this.#idOf(row)
    const cell: Cell<R> = { value: undefined, pending: row, holder, remove: () => this.#remove(id, row, cell) }
    this.cells.set(id, cell)
    for (const key of this.#keys) {
      const value = key.of(row)
      if (value !== null) key.index.set(value, cell)
    }
    holder.touched.push(cell)
    this.onInsert?.(cell)
  }

  #remove(id: string, row: R, cell: Cell<R>): void {
    this.cells.delete(id)
    for (const key of this.#keys) {
      const value = key.of(row)
      if (value !== null) key.index.delete(value)
    }
    this.onRemove?.(cell)
  }

  /** A row that was there before the simulation began. */
  seed(row: R): void {
    const holder: Holder = { touched: [] }
    this.#insert(row, holder)
    commit(holder)
  }

  *committed(): Generator<R> {
    for (const { value } of this.cells.values()) if (value !== undefined) yield value
  }
}

export const seen = <R extends object>(cell: Cell<R>, holder: Holder | null): R | undefined =>
  holder !== null && cell.holder === holder ? (cell.pending ?? cell.value) : cell.value

/** Locks the row, or throws Blocked. Undefined: it is not there for this transaction. */
export function lock<R extends object>(cell: Cell<R> | undefined, holder: Holder): R | undefined {
  if (cell === undefined) return undefined
  if (cell.holder === holder) return cell.pending ?? cell.value
  if (cell.value === undefined) return undefined
  if (cell.holder !== null) throw new Blocked(cell.holder)
  cell.holder = holder
  holder.touched.push(cell)
  return cell.value
}

/** Of a row that the holder has locked. */
export function write<R extends object>(cell: Cell<R>, row: R, holder: Holder): void {
  if (cell.holder !== holder) throw new Error('the model writes a row that it has not locked')
  cell.pending = row
}

export function commit(holder: Holder): void {
  for (const cell of holder.touched) {
    if (cell.pending !== undefined) cell.value = cell.pending
    cell.pending = undefined
    cell.holder = null
  }
  holder.touched.length = 0
}

export function rollback(holder: Holder): void {
  for (const cell of holder.touched) {
    cell.pending = undefined
    cell.holder = null
    if (cell.value === undefined) cell.remove()
  }
  holder.touched.length = 0
}
