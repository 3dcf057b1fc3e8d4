/** SQL of the trail. Numbers stay far below 2^53. */
import { type Queryable, statement } from '../kit/db/index.ts'
import type { AuditEntry, Link } from './entry.ts'

interface EntryRow {
  seq: string
  at: Date
  actor: string
  action: string
  request_id: string | null
  target: AuditEntry['target']
  detail: AuditEntry['detail']
  hash: string
}

export interface AuditFilter {
  readonly actor: string | null
  readonly action: string | null
}

// Another statement for each filter: with one for all of them no index would be used.
const list = (name: string, condition: string) =>
  statement(
    `audit_list_${name}`,
    `
  SELECT seq, at, actor, action, request_id, target, detail, encode(hash, 'hex') AS hash FROM audit_log
  WHERE seq < $1 AND ${condition} ORDER BY seq DESC LIMIT $4`
  )
const LIST = list('all', '$2::text IS NULL AND $3::text IS NULL')
const LIST_ACTOR = list('actor', 'actor = $2 AND $3::text IS NULL')
const LIST_ACTION = list('action', '$2::text IS NULL AND action = $3')
const LIST_BOTH = list('both', 'actor = $2 AND action = $3')

const NEWEST = '9223372036854775807'

/** Newest first. */
export async function listEntries(
  db: Queryable,
  { actor, action }: AuditFilter,
  page: { readonly before: string | null; readonly limit: number }
): Promise<AuditEntry[]> {
  const byActor = action === null ? LIST_ACTOR : LIST_BOTH
  const byAction = action === null ? LIST : LIST_ACTION
  const rows = await db.query<EntryRow>(actor === null ? byAction : byActor, [page.before ?? NEWEST, actor, action, page.limit])
  return rows.map(({ seq, request_id: requestId, ...row }) => ({ ...row, seq: Number(seq), requestId }))
}

const HEAD = statement('audit_head', "SELECT seq::text, encode(hash, 'hex') AS hash FROM audit_head")
const GENESIS = statement('audit_genesis', "SELECT encode(sha256('kahub1|audit'), 'hex') AS hash")
const LINK = statement('audit_link', "SELECT encode(hash, 'hex') AS hash FROM audit_log WHERE seq = $1")

export async function readHead(db: Queryable): Promise<Link | null> {
  const [row] = await db.query<{ seq: string; hash: string }>(HEAD)
  return row === undefined ? null : { seq: Number(row.seq), hash: row.hash }
}

/** What the chain begins with. */
export async function readGenesis(db: Queryable): Promise<Link> {
  const [row] = await db.query<{ hash: string }>(GENESIS)
  return { seq: 0, hash: row?.hash ?? '' }
}

export async function readHash(db: Queryable, seq: number): Promise<string | null> {
  const [row] = await db.query<{ hash: string }>(LINK, [seq])
  return row?.hash ?? null
}

export interface CheckedPage {
  readonly entries: number
  /** The first row that does not fit to what is before it. */
  readonly broken: { readonly seq: number; readonly gap: boolean } | null
  /** Where the next page begins; null: there was no row. */
  readonly last: Link | null
}

const CHECK = statement(
  'audit_check',
  `
  SELECT count(*)::int AS entries, (min(seq) FILTER (WHERE gap OR NOT whole))::text AS broken, max(seq)::text AS last,
    (array_agg(encode(hash, 'hex') ORDER BY seq DESC))[1] AS hash, coalesce((array_agg(gap ORDER BY seq) FILTER (WHERE gap OR NOT whole))[1], false) AS gap
  FROM (
    SELECT l.seq, l.hash, l.hash IS NOT DISTINCT FROM audit_hash(lag(l.hash, 1, decode($2, 'hex')) OVER w, l) AS whole,
      l.seq <> lag(l.seq, 1, $1::bigint) OVER w + 1 AS gap
    FROM (SELECT * FROM audit_log WHERE seq > $1 ORDER BY seq LIMIT $3) l WINDOW w AS (ORDER BY l.seq)
  ) links`
)

/** Calculates the hashes of the next rows anew. */
export async function checkLinks(db: Queryable, after: Link, limit: number): Promise<CheckedPage> {
  const [row] = await db.query<{ entries: number; broken: string | null; last: string | null; hash: string | null; gap: boolean }>(CHECK, [
    after.seq,
    after.hash,
    limit
  ])
  return {
    entries: row?.entries ?? 0,
    broken: row?.broken == null ? null : { seq: Number(row.broken), gap: row.gap },
    last: row?.last == null ? null : { seq: Number(row.last), hash: row.hash ?? '' }
  }
}
