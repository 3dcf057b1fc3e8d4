/**
 * Life behind a pooler in transaction mode, such as PgBouncer: two transactions of one client may run on two connections of the server,
 * so nothing may outlive a transaction: no setting, no role, no named statement, no lock.
 */
import { createRequire } from 'node:module'
import type { Pool, PoolClient } from 'pg'

const { Client: PgClient } = createRequire(import.meta.url)('pg') as typeof import('pg')

/** What a statement is sent to. */
export type Source = Pick<PoolClient, 'query'>

/**
 * True if the process that greeted us is not the one that answers: then something between us and PostgreSQL hands its connections
 * round. No pooler can hide it, since the number is also what a query is cancelled with.
 */
export async function leadsThroughPooler(databaseUrl: string): Promise<boolean> {
  const client = new PgClient({ connectionString: databaseUrl })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    return (client as { processID?: unknown }).processID !== rows[0]?.pid
  } finally {
    await client.end()
  }
}

/** Each statement in a transaction of its own, in one round trip: where one fails, the COMMIT that follows it takes everything back. */
export function oneTransactionEach(pool: Pool, begin: string): Source {
  const query = async (...statement: Parameters<PoolClient['query']>): Promise<unknown> => {
    const client = await pool.connect()
    try {
      const steps = await Promise.allSettled([client.query(begin), client.query(...statement), client.query('COMMIT')])
      const failed = steps.find(step => step.status === 'rejected')
      if (failed !== undefined) throw failed.reason
      return (steps[1] as PromiseFulfilledResult<unknown>).value
    } finally {
      client.release()
    }
  }
  return { query: query as Source['query'] }
}
