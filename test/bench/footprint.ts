/** Everything that an order leaves behind: tables and indexes, the database's log, ours, and what is kept in memory. */
import { statSync } from 'node:fs'
import { Redis } from 'ioredis'
import pg from 'pg'
import type { Bench } from './bench.ts'
import type { Kahub } from './rig/kahub.ts'
import { residentMbOf } from './rig/process-stats.ts'
import { round } from './stats.ts'

const SIZES = `
  SELECT c.relname AS table, pg_table_size(c.oid)::float8 AS heap, i.relname AS index, pg_relation_size(i.oid)::float8 AS bytes
  FROM pg_class c LEFT JOIN pg_index x ON x.indrelid = c.oid LEFT JOIN pg_class i ON i.oid = x.indexrelid
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'`
const LOG = `SELECT (pg_current_wal_lsn() - '0/0')::float8 AS bytes, (SELECT wal_fpi::float8 FROM pg_stat_wal) AS images`
const CONNECTIONS = `SELECT count(*)::int AS connections FROM pg_stat_activity WHERE application_name = 'kahub' AND datname = current_database()`

export interface Footprint {
  /** Bytes by table, without its indexes; and by index. */
  readonly heaps: ReadonlyMap<string, number>
  readonly indexes: ReadonlyMap<string, number>
  /** Of the write-ahead log, since ever, and how many images of whole pages are in it. */
  readonly walBytes: number
  readonly pageImages: number
  readonly logBytes: number
  readonly connections: number
  readonly serverMb: number
  readonly redisMb: number
}

export async function footprintOf({ lab }: Bench, kahub: Kahub): Promise<Footprint> {
  const client = new pg.Client({ connectionString: kahub.databaseUrl, application_name: 'bench' })
  await client.connect()
  try {
    const { rows: sizes } = await client.query<{ table: string; heap: number; index: string | null; bytes: number | null }>(SIZES)
    const { rows: wal } = await client.query<{ bytes: number; images: number }>(LOG)
    const { rows: open } = await client.query<{ connections: number }>(CONNECTIONS)
    return {
      heaps: new Map(sizes.map(row => [row.table, row.heap])),
      indexes: new Map(sizes.flatMap(row => (row.index === null ? [] : [[row.index, row.bytes ?? 0] as const]))),
      walBytes: wal[0]?.bytes ?? 0,
      pageImages: wal[0]?.images ?? 0,
      logBytes: statSync(kahub.logFile).size,
      connections: open[0]?.connections ?? 0,
      serverMb: residentMbOf(kahub.pid),
      redisMb: await redisMb(lab.redisUrl)
    }
  } finally {
    await client.end()
  }
}

async function redisMb(url: string): Promise<number> {
  const redis = new Redis(url, { lazyConnect: true })
  try {
    await redis.connect()
    return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1] ?? Number.NaN) / 2 ** 20
  } finally {
    redis.disconnect()
  }
}

/** What grew, for each of `count` orders or keys; the smallest are left out. */
export function growth(before: Footprint, after: Footprint, count: number): Record<string, unknown> {
  const per = (bytes: number): number => round(bytes / Math.max(1, count), 1)
  const grown = (of: (footprint: Footprint) => ReadonlyMap<string, number>): Record<string, number> =>
    Object.fromEntries(
      [...of(after)]
        .map(([name, bytes]) => [name, per(bytes - (of(before).get(name) ?? 0))] as const)
        .filter(([, bytes]) => bytes >= 1)
        .sort(([, a], [, b]) => b - a)
    )
  const heaps = grown(footprint => footprint.heaps)
  const indexes = grown(footprint => footprint.indexes)
  const sum = (parts: Record<string, number>): number =>
    round(
      Object.values(parts).reduce((total, bytes) => total + bytes, 0),
      0
    )
  return {
    count,
    heapBytes: sum(heaps),
    indexBytes: sum(indexes),
    walBytes: per(after.walBytes - before.walBytes),
    pageImages: per(after.pageImages - before.pageImages),
    logBytes: per(after.logBytes - before.logBytes),
    heaps,
    indexes
  }
}
