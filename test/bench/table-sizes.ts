/** What an order leaves behind on disk, by table, with its indexes. */
import pg from 'pg'
import { round } from './stats.ts'

const SIZES = `
  SELECT relname AS table, n_live_tup::int AS rows, n_dead_tup::int AS dead, pg_total_relation_size(relid)::float8 AS bytes
  FROM pg_stat_user_tables WHERE schemaname = 'public' ORDER BY pg_total_relation_size(relid) DESC LIMIT 10`

export interface TableSize {
  readonly table: string
  readonly rows: number
  readonly dead: number
  readonly bytes: number
  readonly bytesAnOrder: number
}

/** `card` and `card_fingerprint` count what is in stock as well. */
export async function tableSizes(databaseUrl: string, placed: number): Promise<TableSize[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const { rows } = await client.query<Omit<TableSize, 'bytesAnOrder'>>(SIZES)
    return rows.map(row => ({ ...row, bytesAnOrder: round(row.bytes / Math.max(1, placed), 1) }))
  } finally {
    await client.end()
  }
}
