/**
 * PostgreSQL as kahub sees it: transactions over the tables of the model under READ COMMITTED, with row locks, unique keys, lock
 * time-outs, deadlocks, connections that break at any moment, and COMMITs whose answer is lost.
 *
 * Not modelled: statements that see half of another's commit (each happens at once), SERIALIZABLE and snapshots, plans, disks, and
 * SQL itself: a statement is known by its name. What the real statements do is tested against the real PostgreSQL.
 */
import type { Db, Queryable, Tx } from '../../../src/kit/db/index.ts'
import { toDomainError } from '../../../src/kit/db/index.ts'
import type { Machine, Owner } from '../machine.ts'
import { MONEY_STATEMENTS } from './money-statements.ts'
import { PURCHASE_STATEMENTS } from './purchase-statements.ts'
import { SELL_STATEMENTS } from './sell-statements.ts'
import { type Answer, fromParameter, type Running, type Statement } from './statement.ts'
import { Blocked, type Cell, commit, type Holder, rollback, SqlError } from './store.ts'
import type { Store, TransferRow } from './tables.ts'

const STATEMENTS: ReadonlyMap<string, Statement> = new Map(Object.entries({ ...MONEY_STATEMENTS, ...SELL_STATEMENTS, ...PURCHASE_STATEMENTS }))

/** As `src/kit/db/database.ts` does it. */
const TX_ATTEMPTS = 4
const RETRY_BASE_MS = 5
const RETRYABLE = new Set(['40001', '40P01'])
const LOCK_TIMEOUT_MS = 2_000

export interface Faults {
  /** Of a statement or COMMIT: the connection breaks before it has happened. */
  breakBefore: number
  /** Of a COMMIT: it happened, and nobody is told. */
  loseAnswer: number
  /** A statement takes as long as this, at most. */
  slowMs: number
  /** Until then nobody is answered. */
  awayUntil: number
}

interface Command {
  readonly name: string
  readonly values: readonly unknown[]
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

const CONNECTION_LOST = (): SqlError => new SqlError('08006', 'connection lost')

export class ModelDatabase {
  readonly store: Store
  readonly machine: Machine
  readonly faults: Faults = { breakBefore: 0, loseAnswer: 0, slowMs: 2, awayUntil: 0 }
  readonly open = new Set<Session>()
  committed = 0

  constructor(store: Store, machine: Machine) {
    this.store = store
    this.machine = machine
  }

  /** Connections of one process. */
  connect(owner: Owner): Db {
    const once = async (name: string, values: readonly unknown[]): Promise<Answer> => {
      const session = new Session(this, owner)
      try {
        const answer = await session.run(name, values)
        await session.commit()
        return answer
      } catch (error) {
        session.end(false)
        throw toDomainError(error)
      }
    }
    const txEndingWith = async <T>(work: (tx: Tx) => Promise<{ readonly last: Promise<T> }>): Promise<T> => {
      for (let attempt = 1; ; attempt++) {
        const session = new Session(this, owner)
        try {
          const { last } = await work(queryable((name, values) => session.run(name, values)) as Tx)
          const [result] = await Promise.all([last, session.commit()])
          return result
        } catch (error) {
          session.end(false)
          if (attempt >= TX_ATTEMPTS || !(error instanceof SqlError && RETRYABLE.has(error.code))) throw toDomainError(error)
          await new Promise(resolve => setTimeout(resolve, RETRY_BASE_MS * 2 ** attempt * Math.random()))
        }
      }
    }
    return {
      ...queryable(once),
      tx: work => txEndingWith(async tx => ({ last: Promise.resolve(await work(tx)) })),
      txEndingWith,
      tenant: () => queryable(once),
      snapshot: () => Promise.reject(new Error('the model has no snapshots')),
      load: () => ({ total: 0, idle: 0, waiting: 0 }),
      close: async () => undefined
    }
  }

  /** A process is gone: what it had not committed is undone, unless its COMMIT had arrived. */
  kill(owner: Owner): void {
    for (const session of [...this.open]) if (session.owner === owner) session.die()
  }

  /** All connections break. */
  restart(): void {
    for (const session of [...this.open]) session.breakOff()
  }
}

function queryable(run: (name: string, values: readonly unknown[]) => Promise<Answer>): Queryable {
  return {
    // What speaks drizzle is no part of the simulation.
    orm: undefined as never,
    query: async (statement, values = []) => (await run(statement.name, values)).rows as never,
    execute: async (statement, values = []) => (await run(statement.name, values)).count
  }
}

/** One connection with one transaction. Statements are pipelined: they happen one after the other, each when its time has come. */
class Session implements Running {
  readonly touched: Cell<object>[] = []
  readonly transfers: TransferRow[] = []
  readonly owner: Owner
  readonly #database: ModelDatabase
  readonly #queue: Command[] = []
  readonly #waiters: Session[] = []
  #state: 'open' | 'failed' | 'committing' | 'ended' = 'open'
  #busy = false
  #blockedBy: Session | null = null
  #timeout: { run: (() => void) | null } | null = null

  constructor(database: ModelDatabase, owner: Owner) {
    this.#database = database
    this.owner = owner
    database.open.add(this)
  }

  run(name: string, values: readonly unknown[]): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ name, values, resolve, reject })
      if (!this.#busy) this.#soon()
    })
  }

  commit(): Promise<Answer> {
    return this.run('COMMIT', [])
  }

  #soon(): void {
    this.#busy = true
    const { machine, faults } = this.#database
    // Not on behalf of the process: the server works on when its client has died.
    const delay = Math.max(0, faults.awayUntil - machine.now) + machine.chance() * faults.slowMs
    machine.after(delay, null, () => this.#step())
  }

  #step(): void {
    const command = this.#queue[0]
    if (command === undefined || this.#state === 'ended') {
      this.#busy = false
      return
    }
    const { machine, faults } = this.#database
    if (faults.breakBefore > 0 && machine.chance() < faults.breakBefore) this.breakOff()
    else if (command.name === 'COMMIT') this.#finish(command)
    else this.#happen(command)
  }

  #happen(command: Command): void {
    const { machine } = this.#database
    let answer: Answer
    try {
      answer = this.#execute(command)
    } catch (error) {
      if (error instanceof Blocked) this.#wait(error.by as Session)
      else this.#refuse(error)
      return
    }
    machine.note(command.name, answer.count)
    this.#inTime()
    this.#queue.shift()
    this.#tell(() => command.resolve(answer))
    this.#next()
  }

  #inTime(): void {
    if (this.#timeout !== null) this.#timeout.run = null
    this.#timeout = null
  }

  #next(): void {
    if (this.#queue.length > 0) this.#soon()
    else this.#busy = false
  }

  #execute({ name, values }: Command): Answer {
    if (this.#state === 'failed') throw new SqlError('25P02', 'current transaction is aborted')
    const statement = STATEMENTS.get(name)
    if (statement === undefined) throw new Error(`the model database does not know the statement ${name}: see test/simulation/README.md`)
    const { store, machine } = this.#database
    return statement({
      store,
      holder: this,
      values: values.map(fromParameter),
      now: () => new Date(1_795_392_000_000 + Math.floor(machine.now)),
      newId: () => machine.newId(),
      mustNot: what => machine.fail(what)
    })
  }

  #wait(other: Session): void {
    const { machine } = this.#database
    for (let each: Session | null = other; each !== null; each = each.#blockedBy) {
      if (each !== this) continue
      this.#refuse(new SqlError('40P01', 'deadlock detected'))
      return
    }
    this.#blockedBy = other
    other.#waiters.push(this)
    this.#timeout ??= machine.after(LOCK_TIMEOUT_MS, null, () => {
      this.#timeout = null
      if (this.#blockedBy !== null && this.#state === 'open') this.#refuse(new SqlError('55P03', 'lock timeout'))
    })
  }

  #refuse(error: unknown): void {
    this.#database.machine.note('refuse', error instanceof SqlError ? error.code.charCodeAt(4) : 0)
    this.#inTime()
    this.#blockedBy = null
    const command = this.#queue.shift()
    this.#state = 'failed'
    this.#tell(() => command?.reject(error))
    this.#next()
  }

  #finish({ resolve, reject }: Command): void {
    const { machine, faults, store } = this.#database
    let failure: unknown = this.#state === 'failed' ? new Error('the transaction was rolled back by an earlier error in it') : null
    try {
      if (failure === null) store.checkAtCommit(this, this.transfers)
    } catch (error) {
      failure = error
    }
    this.#queue.shift()
    this.end(failure === null)
    machine.note('commit', failure === null ? 1 : 0)
    if (faults.loseAnswer > 0 && machine.chance() < faults.loseAnswer) failure = CONNECTION_LOST()
    this.#tell(() => (failure === null ? resolve({ rows: [], count: 0 }) : reject(failure)))
  }

  /** What follows in the process follows on its behalf. */
  #tell(what: () => void): void {
    if (!this.owner.alive) return
    this.#database.machine.current = this.owner
    what()
  }

  /** Once; frees the rows. */
  end(isCommit: boolean): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#inTime()
    this.#database.open.delete(this)
    this.#blockedBy = null
    if (isCommit) {
      if (this.touched.length > 0) this.#database.committed++
      commit(this as Holder)
    } else rollback(this as Holder)
    for (const waiter of this.#waiters.splice(0)) {
      if (waiter.#blockedBy !== this) continue
      waiter.#blockedBy = null
      waiter.#soon()
    }
  }

  /** The connection is lost: what was asked for is answered so. */
  breakOff(): void {
    const asked = this.#queue.splice(0)
    this.#database.machine.note('break', asked.length)
    this.end(false)
    this.#database.machine.after(0, this.owner, () => {
      for (const { reject } of asked) reject(CONNECTION_LOST())
    })
  }

  /** The client is gone. What it had sent may still happen: a COMMIT that had arrived is one. */
  die(): void {
    const { machine, store } = this.#database
    const arrived = this.#queue.length === 1 && this.#queue[0]?.name === 'COMMIT' && this.#state === 'open' && machine.chance() < 0.5
    if (arrived) store.checkAtCommit(this, this.transfers)
    machine.note('die', arrived ? 1 : 0)
    this.#queue.length = 0
    this.end(arrived)
  }
}
