/** SQL of the goods that shops want to hear of: marked when they change, leased while they are compared and told. */
import { type Queryable, statement, type Tx } from '../../kit/db/index.ts'

/** What a shop knows of a piece of goods. */
export interface Told {
  readonly type: number
  /** In cents. */
  readonly price: number
  readonly stock: number
  readonly status: number
}

export interface Subscription {
  readonly credentialId: string
  readonly skuId: string
  /** Empty: it has no name. */
  readonly token: string
  readonly url: string
  readonly told: Told
  readonly createdAt: Date
}

const SAVE = statement(
  'facade_subscription_save',
  `
  INSERT INTO facade_subscription AS s (credential_id, sku_id, token, url, told, due_at)
  SELECT $1, $2, $3, $4, $5, now() + make_interval(secs => $7)
  WHERE (SELECT count(*) FROM facade_subscription WHERE credential_id = $1) < $6
    OR EXISTS (SELECT FROM facade_subscription WHERE credential_id = $1 AND sku_id = $2 AND token = $3)
  ON CONFLICT (credential_id, sku_id, token) DO UPDATE SET url = EXCLUDED.url`
)

/** False: it has too many already. */
export async function saveSubscription(
  db: Queryable,
  { credentialId, skuId, token, url, told }: Omit<Subscription, 'createdAt'>,
  { max, lookSeconds }: { readonly max: number; readonly lookSeconds: number }
): Promise<boolean> {
  return (await db.execute(SAVE, [credentialId, skuId, token, url, JSON.stringify(told), max, lookSeconds])) > 0
}

const REMOVE = statement(
  'facade_subscription_remove',
  "DELETE FROM facade_subscription WHERE credential_id = $1 AND sku_id = $2 AND ($3 = '' OR token = $3)"
)

export const removeSubscription = async (db: Queryable, credentialId: string, skuId: string, token: string): Promise<void> =>
  void (await db.execute(REMOVE, [credentialId, skuId, token]))

const REMOVE_ALL = statement('facade_subscription_remove_all', 'DELETE FROM facade_subscription WHERE credential_id = $1')

export const removeSubscriptions = async (db: Queryable, credentialId: string): Promise<void> => void (await db.execute(REMOVE_ALL, [credentialId]))

const LIST = statement(
  'facade_subscription_list',
  'SELECT credential_id, sku_id, token, url, told, created_at FROM facade_subscription WHERE credential_id = $1 ORDER BY created_at DESC, sku_id, token'
)

interface SubscriptionRow {
  credential_id: string
  sku_id: string
  token: string
  url: string
  told: Told
  created_at: Date
}

const fromRow = (row: SubscriptionRow): Subscription => ({
  credentialId: row.credential_id,
  skuId: row.sku_id,
  token: row.token,
  url: row.url,
  told: row.told,
  createdAt: row.created_at
})

export const listSubscriptions = async (db: Queryable, credentialId: string): Promise<Subscription[]> =>
  (await db.query<SubscriptionRow>(LIST, [credentialId])).map(fromRow)

const HAS_ANY = statement('facade_subscription_any', 'SELECT EXISTS (SELECT FROM facade_subscription) AS any')

export const hasSubscriptions = async (db: Queryable): Promise<boolean> => (await db.query<{ any: boolean }>(HAS_ANY))[0]?.any === true

const LOCK_CURSOR = statement('facade_news_cursor_lock', 'SELECT xid::text, seq::text FROM facade_news_cursor FOR NO KEY UPDATE SKIP LOCKED')
const MOVE_CURSOR = statement('facade_news_cursor_move', 'UPDATE facade_news_cursor SET xid = $1::xid8, seq = $2')

export interface NewsPosition {
  readonly xid: string
  readonly seq: string
}

/** Null: another process reads the feed right now. */
export const lockNewsCursor = async (tx: Tx): Promise<NewsPosition | null> => (await tx.query<NewsPosition>(LOCK_CURSOR))[0] ?? null

export const moveNewsCursor = async (tx: Tx, { xid, seq }: NewsPosition): Promise<void> => void (await tx.execute(MOVE_CURSOR, [xid, seq]))

const MARK = statement(
  'facade_subscription_mark',
  `
  WITH changed AS MATERIALIZED (
    SELECT credential_id, sku_id, token FROM facade_subscription WHERE sku_id = ANY($1::uuid[])
    ORDER BY credential_id, sku_id, token FOR NO KEY UPDATE
  )
  UPDATE facade_subscription s SET due_at = least(s.due_at, greatest(now(), s.told_at + make_interval(secs => $2)))
  FROM changed c WHERE s.credential_id = c.credential_id AND s.sku_id = c.sku_id AND s.token = c.token`
)

/** They are compared soon, but no shop is called about the same goods twice within the gap. */
export const markChanged = async (tx: Tx, skuIds: readonly string[], gapSeconds: number): Promise<void> =>
  void (await tx.execute(MARK, [skuIds, gapSeconds]))

/** Leased: `dueAt` says whether it was marked meanwhile. */
export interface DueSubscription extends Subscription {
  readonly attempts: number
  readonly dueAt: string
}

const CLAIM = statement(
  'facade_subscription_claim',
  `
  WITH due AS MATERIALIZED (
    SELECT credential_id, sku_id, token FROM facade_subscription
    WHERE due_at <= now() AND leased_until <= now() AND NOT credential_id = ANY($3::uuid[])
    ORDER BY due_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
  )
  UPDATE facade_subscription s SET leased_until = now() + make_interval(secs => $2), due_at = now() + make_interval(secs => $2)
  FROM due d WHERE s.credential_id = d.credential_id AND s.sku_id = d.sku_id AND s.token = d.token
  RETURNING s.credential_id, s.sku_id, s.token, s.url, s.told, s.created_at, s.attempts, s.due_at::text AS due_at`
)

export async function claimSubscriptions(
  tx: Tx,
  { limit, leaseSeconds, except }: { readonly limit: number; readonly leaseSeconds: number; readonly except: readonly string[] }
): Promise<DueSubscription[]> {
  const rows = await tx.query<SubscriptionRow & { attempts: number; due_at: string }>(CLAIM, [limit, leaseSeconds, except])
  return rows.map(row => ({ ...fromRow(row), attempts: row.attempts, dueAt: row.due_at }))
}

const NOTE = statement(
  'facade_subscription_note',
  `
  WITH noted AS MATERIALIZED (
    SELECT s.credential_id, s.sku_id, s.token, n.told, n.due_at FROM facade_subscription s
      JOIN unnest($1::uuid[], $2::uuid[], $3::text[], $4::jsonb[], $5::timestamptz[]) AS n (credential_id, sku_id, token, told, due_at)
        ON s.credential_id = n.credential_id AND s.sku_id = n.sku_id AND s.token = n.token
    ORDER BY s.credential_id, s.sku_id, s.token FOR NO KEY UPDATE OF s
  )
  UPDATE facade_subscription s SET leased_until = '-infinity', attempts = $6, told = coalesce(n.told, s.told),
    told_at = CASE WHEN $7 THEN now() ELSE s.told_at END,
    due_at = CASE WHEN s.due_at = n.due_at THEN now() + make_interval(secs => $8)
      WHEN $7 THEN greatest(s.due_at, now() + make_interval(secs => $9)) ELSE s.due_at END
  FROM noted n WHERE s.credential_id = n.credential_id AND s.sku_id = n.sku_id AND s.token = n.token`
)

export interface Outcome {
  readonly attempts: number
  /** The shop was called. */
  readonly called: boolean
  /** When it is compared again if nothing marks it. */
  readonly nextSeconds: number
  readonly gapSeconds: number
}

/** Of subscriptions that had the same outcome; `told` null: as before. */
export async function noteSubscriptions(
  db: Queryable,
  done: readonly { readonly subscription: DueSubscription; readonly told: Told | null }[],
  { attempts, called, nextSeconds, gapSeconds }: Outcome
): Promise<void> {
  await db.execute(NOTE, [
    done.map(({ subscription }) => subscription.credentialId),
    done.map(({ subscription }) => subscription.skuId),
    done.map(({ subscription }) => subscription.token),
    done.map(({ told }) => (told === null ? null : JSON.stringify(told))),
    done.map(({ subscription }) => subscription.dueAt),
    attempts,
    called,
    nextSeconds,
    gapSeconds
  ])
}
