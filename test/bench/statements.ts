/** What each statement cost, by PostgreSQL's own count; with --profile only. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench } from './bench.ts'

const COSTS = `
  SELECT calls::int, rows::int, round(total_exec_time::numeric) AS total_ms, round(mean_exec_time::numeric, 3) AS mean_ms,
    round(total_plan_time::numeric) AS plan_ms, shared_blks_hit AS hits, shared_blks_read AS reads, shared_blks_dirtied AS dirtied,
    wal_bytes, regexp_replace(left(query, 160), '\\s+', ' ', 'g') AS query
  FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 40`

export async function resetStatements({ lab }: Bench): Promise<void> {
  await lab.client.query('SELECT pg_stat_statements_reset()')
}

/** `statements-<scenario>.txt` beside the profiles. */
export async function writeStatements({ lab, profileTo }: Bench, scenario: string): Promise<void> {
  if (profileTo === null) return
  mkdirSync(profileTo, { recursive: true })
  const { rows } = await lab.client.query<Record<string, unknown>>(COSTS)
  const lines = rows.map(
    ({ query, ...costs }) =>
      `${Object.entries(costs)
        .map(([name, value]) => `${name}=${String(value)}`)
        .join(' ')}\n  ${String(query)}`
  )
  writeFileSync(join(profileTo, `statements-${scenario}.txt`), `${lines.join('\n')}\n`)
}
