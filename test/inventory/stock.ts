/** What the tests of the stock read past the API: cards opened by the vault, and the counters. */
import { statement } from '../../src/kit/db/index.ts'
import { fromApiId } from '../../src/kit/ids.ts'
import type { Reply, TestApp } from '../support/app.ts'

const CARDS = statement('test_cards', 'SELECT id, sku_id, data_key_id, ciphertext, expires_at, state FROM card WHERE batch_id = $1 ORDER BY seq')
const COUNTER = statement(
  'test_counter',
  `SELECT f.available, (SELECT count(*)::int FROM card c WHERE c.sku_id = f.sku_id AND c.state = 'available') AS counted FROM sku_fence f WHERE sku_id = $1`
)

export interface OpenCard {
  readonly id: string
  readonly number: string | null
  readonly secret: string
  readonly expiresAt: string | null
  readonly state: string
}

/** The cards of a batch, in the order in which they are sold. */
export async function cardsOf({ services: { db, vault } }: TestApp, batchId: string): Promise<OpenCard[]> {
  const rows = await db.query<{ id: string; sku_id: string; data_key_id: number; ciphertext: Buffer; expires_at: Date | null; state: string }>(
    CARDS,
    [fromApiId('batch', batchId)]
  )
  await vault.prepare(rows.map(row => row.data_key_id))
  return rows.map(row => ({
    id: row.id,
    ...vault.open({ id: row.id, skuId: row.sku_id, dataKeyId: row.data_key_id, ciphertext: row.ciphertext, expiresAt: row.expires_at }),
    expiresAt: row.expires_at?.toISOString() ?? null,
    state: row.state
  }))
}

/** The stock counter of a SKU; throws if the rows say otherwise. */
export async function stockOf({ services: { db } }: TestApp, skuId: string): Promise<number> {
  const [row] = await db.query<{ available: number; counted: number }>(COUNTER, [fromApiId('sku', skuId)])
  if (row === undefined || row.available !== row.counted) throw new Error(`counter ${row?.available}, rows ${row?.counted}`)
  return row.available
}

/** Imports a file; `type` is `text/plain` unless it is said. */
export const importFile = async (
  { admin }: Pick<TestApp, 'admin'>,
  skuId: string,
  file: string,
  { type = 'text/plain', query = '', key }: { type?: string; query?: string; key?: string } = {}
): Promise<Reply> =>
  await admin('POST', `/v1/admin/skus/${skuId}/card-batches${query}`, {
    body: file,
    headers: { 'content-type': type },
    ...(key === undefined ? {} : { key })
  })
