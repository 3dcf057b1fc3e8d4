/** After the measuring: speed that was bought with a lost card or fen counts for nothing. */
import pg from 'pg'
import type { Bench } from './bench.ts'
import type { Faults } from './measure.ts'
import type { Kahub } from './rig/kahub.ts'
import { checkYardstick } from './yardstick/schema.ts'

const SOLD = `
  SELECT (SELECT count(*) FROM orders WHERE state = 'fulfilled')::int AS orders,
    (SELECT count(*) FROM card WHERE order_id IS NOT NULL)::int AS cards,
    (SELECT coalesce(sum(amount), 0) FROM ledger_entry)::text AS sum`

interface Invariants {
  readonly ok: boolean
  readonly data: readonly { readonly name: string; readonly broken: number | boolean }[]
}

/** What was answered is what is stored, and kahub's own invariants hold. */
export async function checkKahub(bench: Bench, kahub: Kahub): Promise<Faults> {
  const faults: Faults = []
  const placed = bench.placed.get(kahub.databaseUrl) ?? 0
  const client = new pg.Client({ connectionString: kahub.databaseUrl })
  await client.connect()
  try {
    const { rows } = await client.query<{ orders: number; cards: number; sum: string }>(SOLD)
    const [row] = rows
    if (row?.orders !== placed || row.cards !== placed || row.sum !== '0')
      faults.push(`${placed} orders were answered, stored are ${JSON.stringify(row)}`)
  } finally {
    await client.end()
  }
  return [...faults, ...(await checkInvariants(kahub))]
}

async function checkInvariants({ admin }: Kahub): Promise<Faults> {
  try {
    const report = (await admin.call('GET', '/v1/admin/invariants')) as unknown as Invariants
    if (report.ok) return []
    return [`invariants broken: ${JSON.stringify(report.data.filter(({ broken }) => broken !== 0 && broken !== false))}`]
  } catch (error) {
    return [`the invariants could not be evaluated: ${error instanceof Error ? error.message : String(error)}`]
  }
}

export const checkYardstickOf = (bench: Bench): Promise<Faults> => checkYardstick(bench.lab.client)
