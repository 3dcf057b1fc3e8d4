/**
 * After the faults: does everything come to its end? What kahub would do in minutes or hours, because it waits before it asks again,
 * is done in seconds: the clock of the tables is moved, as their owner.
 */
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { createFindings, type Finding } from './check/finding.ts'

/** Longer than any call to a supplier or endpoint that was cut off can still be under way. */
const QUIET_MS = 3_000
/** Past every lease and quiet time; far from the age at which a person would have to look. */
const PASSED_MS = 120_000
const POLL_MS = 200

const PASS_IMPORTS = `UPDATE card_batch SET touched_at = touched_at - $1 * interval '1 millisecond' WHERE state = 'importing'`
const PASS = [
  PASS_IMPORTS,
  `UPDATE supplier_attempt SET due_at = due_at - $1 * interval '1 millisecond', created_at = created_at - $1 * interval '1 millisecond',
     sent_at = sent_at - $1 * interval '1 millisecond'`,
  `UPDATE webhook_delivery SET next_attempt_at = next_attempt_at - $1 * interval '1 millisecond' WHERE state = 'pending'`
]
/** A supplier that says that it delivered, and brought no card: only a person can clear that up, after half an hour. */
const HAND_OVER = `
  UPDATE supplier_attempt SET review_at = now() WHERE review_at > now() AND state IN ('unknown', 'submitted') AND detail LIKE '%no card%'
    AND NOT EXISTS (SELECT FROM supplier_attempt o WHERE o.state IN ('intent', 'sent', 'unknown', 'submitted') AND coalesce(o.detail, '') NOT LIKE '%no card%')`
const HURRY = [
  HAND_OVER,
  `UPDATE supplier_attempt SET due_at = now() WHERE due_at > now() AND state <> 'sent'`,
  `UPDATE webhook_delivery SET next_attempt_at = now() WHERE state = 'pending' AND lease_id IS NULL AND next_attempt_at > now()`
]

/** What is still under way, by what it is; what a person has to look at is not. Late questions about attempts that ended are asked, but not waited for. */
const OPEN = `
  SELECT 'orders that are ' || state AS what, count(*)::int AS n, min(id::text) AS first FROM orders
  WHERE state NOT IN ('fulfilled', 'partially_fulfilled', 'review', 'backordered', 'cancelled', 'failed', 'refunded', 'rejected') GROUP BY state
  UNION ALL SELECT 'attempts that are ' || state, count(*)::int, min(id::text) FROM supplier_attempt
  WHERE state IN ('intent', 'sent', 'unknown', 'submitted') GROUP BY state
  UNION ALL SELECT 'late questions', count(*)::int, min(id::text) FROM supplier_attempt WHERE ended_at IS NOT NULL AND due_at <= now() HAVING count(*) > 0
  UNION ALL SELECT 'deliveries', count(*)::int, min(d.id::text) FROM webhook_delivery d WHERE d.state = 'pending' HAVING count(*) > 0
  UNION ALL SELECT 'events that nobody passed on', count(*)::int, min(o.id::text) FROM outbox o JOIN webhook_cursor c ON c.name = 'outbox'
  WHERE (o.xid, o.seq) > (c.xid, c.seq) HAVING count(*) > 0
  UNION ALL SELECT 'imports', count(*)::int, min(id::text) FROM card_batch WHERE state = 'importing' HAVING count(*) > 0`

export interface SettleResult {
  readonly ms: number
  readonly findings: readonly Finding[]
}

/** Whoever insists on an import whose server died need not wait for the minute after which it counts as dead. */
export const passImports = (databaseUrl: string): Promise<void> =>
  withClient(databaseUrl, async client => {
    await wait(QUIET_MS)
    await client.query(PASS_IMPORTS, [PASSED_MS])
  })

export const settle = (databaseUrl: string, windowMs: number): Promise<SettleResult> =>
  withClient(databaseUrl, async client => {
    await wait(QUIET_MS)
    for (const text of PASS) await client.query(text, [PASSED_MS])
    return await untilNothingIsOpen(client, windowMs)
  })

/** When it has settled before, and nothing was broken since. */
export const settleAgain = (databaseUrl: string, windowMs: number): Promise<SettleResult> =>
  withClient(databaseUrl, client => untilNothingIsOpen(client, windowMs))

async function untilNothingIsOpen(client: pg.Client, windowMs: number): Promise<SettleResult> {
  const found = createFindings()
  const begun = performance.now()
  for (;;) {
    for (const text of HURRY) await client.query(text)
    const { rows } = await client.query<{ what: string; n: number; first: string }>(OPEN)
    if (rows.length === 0) break
    if (performance.now() - begun > windowMs) {
      for (const { what, n, first } of rows) found.add(`everything ends within ${windowMs / 1_000} s`, `${n} ${what}, such as ${first}`)
      break
    }
    await wait(POLL_MS)
  }
  return { ms: performance.now() - begun, findings: found.list }
}

async function withClient<T>(databaseUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
