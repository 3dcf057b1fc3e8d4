/** What an API key has spent today (UTC), for keys with a daily cap. */
import { type Queryable, statement, type Tx } from '../kit/db/index.ts'

/** Creates today's rows where they are missing and locks them, in key order. */
const LOCK = statement(
  'api_key_spend_lock',
  `
  INSERT INTO api_key_spend (api_key_id, day, spent)
  SELECT DISTINCT id, (now() AT TIME ZONE 'utc')::date, 0 FROM unnest($1::uuid[]) AS k (id) ORDER BY id
  ON CONFLICT (api_key_id, day) DO UPDATE SET spent = api_key_spend.spent
  RETURNING api_key_id, spent`
)

const SAVE = statement(
  'api_key_spend_save',
  `
  UPDATE api_key_spend s SET spent = v.spent FROM unnest($1::uuid[], $2::bigint[]) AS v (api_key_id, spent)
  WHERE s.api_key_id = v.api_key_id AND s.day = (now() AT TIME ZONE 'utc')::date`
)

/** The day is part of the key, so a row is never written again after its day. */
const FORGET = statement('api_key_spend_forget', `DELETE FROM api_key_spend WHERE day < (now() AT TIME ZONE 'utc')::date - $1::int`)

/** Drops what was spent on days long ago. Returns how many rows. */
export const forgetSpends = async (db: Queryable, olderThanDays: number): Promise<number> => await db.execute(FORGET, [olderThanDays])

export async function lockSpends(tx: Tx, apiKeyIds: readonly string[]): Promise<Map<string, bigint>> {
  if (apiKeyIds.length === 0) return new Map()
  const rows = await tx.query<{ api_key_id: string; spent: string }>(LOCK, [apiKeyIds])
  return new Map(rows.map(row => [row.api_key_id, BigInt(row.spent)]))
}

export async function saveSpends(tx: Tx, spent: ReadonlyMap<string, bigint>): Promise<void> {
  if (spent.size === 0) return
  await tx.execute(SAVE, [[...spent.keys()], [...spent.values()].map(String)])
}
