/**
 * The only way to PostgreSQL: a pool, reads, and transactions that retry what may be retried.
 *
 * Clients run in pipeline mode: statements that are started without awaiting the one before travel together.
 * Decisions are made under READ COMMITTED with explicit row locks in one global order:
 * sku_fence by sku → ledger_account by id → api_key_spend → card (SKIP LOCKED, never waits) → inserts.
 */
import { createRequire } from 'node:module'
import type { Pool, PoolClient, PoolConfig, QueryResultRow } from 'pg'
import { failpoint } from '../failpoint.ts'
import { drizzle, type NodePgDatabase } from './drizzle.ts'
import { oneTransactionEach, type Source } from './pooled.ts'
import { togetherOn } from './send-together.ts'
import { CONNECTION_SETTINGS_SQL, TRANSACTION_SETTINGS_SQL, tenantSettingsSql } from './settings.ts'
import { isAfterFailure, isRetryable, toDomainError } from './sql-errors.ts'

const { Pool: PgPool } = createRequire(import.meta.url)('pg') as typeof import('pg')

/** A statement with a name is parsed and planned once for each connection. */
export interface Statement {
  readonly name: string
  readonly text: string
}

export const statement = (name: string, text: string): Statement => ({ name, text })

declare const txBrand: unique symbol

/** What repositories may read with: the pool, or an open transaction. */
export interface Queryable {
  readonly orm: NodePgDatabase
  query<R extends QueryResultRow>(statement: Statement, values?: readonly unknown[]): Promise<R[]>
  /** Rows touched by an UPDATE, INSERT or DELETE. */
  execute(statement: Statement, values?: readonly unknown[]): Promise<number>
}

/** An open transaction. Whoever holds one makes no network call, reads no file and waits for no queue. */
export interface Tx extends Queryable {
  readonly [txBrand]: true
}

export interface Db extends Queryable {
  /**
   * Runs `work` in one transaction, again on a new one after a serialization failure or a deadlock (at most `TX_ATTEMPTS`).
   * Throws: `dependency_unavailable` when the database is away or the outcome of COMMIT is unknown, `overloaded` on a lock or
   * statement time-out, and whatever `work` throws.
   */
  tx<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /**
   * As `tx`, but COMMIT travels with the last statements, which `work` has started and not awaited: a round trip less under its
   * locks. If one of them fails, the COMMIT is a rollback; a number of rows that must be right has to be checked in SQL (`expect_rows`).
   */
  txEndingWith<T>(work: (tx: Tx) => Promise<{ readonly last: Promise<T> }>): Promise<T>
  /**
   * Runs reads against one view of the database, read-only. For checks and reports over whole tables: each statement may take
   * `SNAPSHOT_TIMEOUT_S`. Meanwhile vacuum removes nothing that was visible when it began.
   * Throws: `dependency_unavailable`, `overloaded` on a statement time-out, and whatever `work` throws.
   */
  snapshot<T>(work: (db: Queryable) => Promise<T>): Promise<T>
  /**
   * Reads for one reseller, each statement in a transaction of its own: PostgreSQL shows no row of another, whatever the statement
   * forgets to ask for. Throws: as `query` does.
   */
  tenant(resellerId: string): Queryable
  /** Connections in use and waited for, for metrics and readiness. */
  load(): { total: number; idle: number; waiting: number }
  close(): Promise<void>
}

export interface DatabaseOptions {
  readonly url: string
  readonly maxConnections: number
  readonly onError: (error: Error) => void
  /** The connections lead through a pooler in transaction mode, see `leadsThroughPooler`. */
  readonly pooled?: boolean
  /** Adds to the work of each transaction that writes. */
  readonly around?: <T>(work: (tx: Tx) => Promise<T>) => (tx: Tx) => Promise<T>
}

/** More attempts only lengthen a convoy that is already there. */
const TX_ATTEMPTS = 4
const RETRY_BASE_MS = 5
/** A request that cannot get a connection for this long is better told to come back. */
const CONNECT_TIMEOUT_MS = 2_000
/** Longer than a check of some ten million orders; shorter than what makes dead rows pile up in the hot tables. */
const SNAPSHOT_TIMEOUT_S = 120
/** PostgreSQL keeps a transaction time-out that is running, unless it is switched off first. */
const SNAPSHOT_SETTINGS_SQL = `SET LOCAL statement_timeout = '${SNAPSHOT_TIMEOUT_S}s';
SET LOCAL enable_seqscan = on;
SET LOCAL work_mem = '64MB';
SELECT set_config('transaction_timeout', '0', true), set_config('transaction_timeout', '${2 * SNAPSHOT_TIMEOUT_S}s', true)
WHERE current_setting('server_version_num')::int >= 170000`

/** How a connection is used. */
interface Mode {
  readonly onConnect: string | null
  readonly begin: string
  readonly beginSnapshot: string
  readonly beginRead: string
  /** Whether the server may be asked to remember statements by name. */
  readonly named: boolean
}

const SNAPSHOT = 'ISOLATION LEVEL REPEATABLE READ READ ONLY'

const DIRECT: Mode = {
  onConnect: CONNECTION_SETTINGS_SQL,
  begin: 'BEGIN',
  beginSnapshot: `BEGIN ${SNAPSHOT}; ${SNAPSHOT_SETTINGS_SQL}`,
  beginRead: 'BEGIN READ ONLY',
  named: true
}

/** Two transactions of one client may run on two connections of the server, so each brings its settings along and nothing is named. */
const POOLED: Mode = {
  onConnect: null,
  begin: `BEGIN; ${TRANSACTION_SETTINGS_SQL}`,
  beginSnapshot: `BEGIN ${SNAPSHOT}; ${TRANSACTION_SETTINGS_SQL}; ${SNAPSHOT_SETTINGS_SQL}`,
  beginRead: `BEGIN READ ONLY; ${TRANSACTION_SETTINGS_SQL}`,
  named: false
}

export function createDatabase(options: DatabaseOptions): Db {
  const mode = options.pooled === true ? POOLED : DIRECT
  let closing = false
  const onError = (error: Error): void => {
    if (!closing) options.onError(error)
  }
  const config: PoolConfig & { pipeline: boolean; onConnect: (client: PoolClient) => Promise<void> } = {
    connectionString: options.url,
    max: options.maxConnections,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    application_name: 'kahub',
    pipeline: true,
    onConnect: async client => {
      client.on('error', onError)
      if (mode.onConnect !== null) await client.query(mode.onConnect)
    }
  }
  const pool = new PgPool(config)
  pool.on('error', onError)
  const failure = (error: unknown): Promise<never> => Promise.reject(toDomainError(error))
  const alone = { translate: toDomainError, together: () => undefined }
  return {
    ...queryable(mode.named ? pool : oneTransactionEach(pool, mode.begin), mode, alone),
    tenant: resellerId => queryable(oneTransactionEach(pool, `${mode.beginRead}; ${tenantSettingsSql(resellerId)}`), mode, alone),
    tx: work => runTransaction({ pool, mode }, whole(options.around === undefined ? work : options.around(work))),
    txEndingWith: work => runTransaction({ pool, mode }, work),
    snapshot: work => attemptTransaction({ pool, mode }, whole(work), mode.beginSnapshot).catch(failure),
    load: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    close: () => {
      closing = true
      return pool.end()
    }
  }
}

interface Around {
  readonly translate: (error: unknown) => unknown
  /** Before each statement, see `togetherOn`. */
  readonly together: () => void
}

function queryable(source: Source, { named }: Mode, { translate, together }: Around): Queryable {
  let orm: NodePgDatabase | undefined
  const run = async ({ name, text }: Statement, values: readonly unknown[] = []) => {
    together()
    try {
      return await source.query(named ? { name, text, values: values as unknown[] } : { text, values: values as unknown[] })
    } catch (error) {
      throw translate(error)
    }
  }
  return {
    get orm() {
      orm ??= drizzle(source as PoolClient)
      return orm
    },
    query: async <R extends QueryResultRow>(text: Statement, values?: readonly unknown[]) => (await run(text, values)).rows as R[],
    execute: async (text, values) => (await run(text, values)).rowCount ?? 0
  }
}

interface Connections {
  readonly pool: Pool
  readonly mode: Mode
}

type Work<T> = (tx: Tx) => Promise<{ readonly last: Promise<T> }>

const whole =
  <T>(work: (tx: Tx) => Promise<T>): Work<T> =>
  async tx => ({ last: Promise.resolve(await work(tx)) })

async function runTransaction<T>(connections: Connections, work: Work<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptTransaction(connections, work, connections.mode.begin)
    } catch (error) {
      if (attempt >= TX_ATTEMPTS || !isRetryable(error)) throw toDomainError(error)
      await new Promise(resolve => setTimeout(resolve, RETRY_BASE_MS * 2 ** attempt * Math.random()))
    }
  }
}

async function attemptTransaction<T>({ pool, mode }: Connections, work: Work<T>, begin: string): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  let first: unknown
  const noteFirst = (error: unknown): unknown => {
    first ??= error
    return error
  }
  const together = togetherOn(client)
  together()
  const begun = client.query(begin)
  begun.catch(() => undefined)
  try {
    const { last } = await work(queryable(client, mode, { translate: noteFirst, together }) as Tx)
    together()
    failpoint('transaction.committing')
    const [result, { command }] = await Promise.all([last, client.query('COMMIT'), begun])
    failpoint('transaction.committed')
    if (command !== 'COMMIT') throw new Error('the transaction was rolled back by an earlier error in it')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch((rollbackError: Error) => {
      broken = rollbackError
    })
    // If it never began, that is why the rest failed.
    throw await begun.then(
      // Statements that travel behind the one that failed only say that one did.
      () => (isAfterFailure(error) ? (first ?? error) : error),
      cause => cause
    )
  } finally {
    client.release(broken)
  }
}
