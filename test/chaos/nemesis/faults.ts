/** Every way in which a run is hurt. Each strikes, waits, and puts right again what would not come back by itself. */
import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Redis } from 'ioredis'
import pg from 'pg'
import type { Dice } from '../dice.ts'
import type { LinkFault } from '../rig/fault-proxy.ts'
import type { LinkName, NemesisReport, Targets } from '../rig/messages.ts'

export interface Hand {
  readonly dice: Dice
  targets(): Targets
  tell(message: NemesisReport): void
  /** Goes on while the next faults strike. */
  linger(work: () => Promise<void>): void
}

export interface Fault {
  /** How often it is in the deck; default: once. */
  readonly copies?: number
  /** What was done, or null if there was nothing to hurt. */
  strike(hand: Hand): Promise<string | null>
}

/** Past the lease of a SKU (10 s) and the time-out of a transaction (10 s). */
const LONG_STOP_MS = 12_500
const RESTART_MAX_MS = 60_000
const POLL_MS = 50
const BALLAST_BYTES = 1_048_576

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

/** Processes whose parent is this one. */
function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(each => {
      try {
        const stat = readFileSync(`/proc/${each}/stat`, 'utf8')
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid
      } catch {
        return false
      }
    })
}

async function until(done: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + RESTART_MAX_MS
  while (!done() && performance.now() < giveUpAt) await wait(POLL_MS)
}

/** A server that serves, and that no other fault holds. */
const held = new Set<number>()

function chooseServer({ dice, targets }: Hand): { index: number; pid: number } | null {
  const running = targets().servers.flatMap((server, index) =>
    server === null || server.starting || held.has(index) ? [] : [{ index, pid: server.pid }]
  )
  return running.length === 0 ? null : dice.pick(running)
}

const endServer = (name: NodeJS.Signals, copies: number): Fault => ({
  copies,
  strike: async hand => {
    const server = chooseServer(hand)
    if (server === null) return null
    hand.tell({ is: 'ending', server: server.index, signal: name })
    // The news must be there before the end is.
    await wait(POLL_MS)
    if (hand.targets().servers[server.index]?.pid !== server.pid || !signal(server.pid, name)) return null
    if (name === 'SIGTERM') await until(() => hand.targets().servers[server.index]?.pid !== server.pid)
    return `server ${server.index}`
  }
})

const stopServer = (long: boolean, copies: number): Fault => ({
  copies,
  strike: async hand => {
    const server = chooseServer(hand)
    if (server === null || (long && held.size > 0)) return null
    const ms = long ? LONG_STOP_MS : hand.dice.int(300, 2_500)
    held.add(server.index)
    if (!signal(server.pid, 'SIGSTOP')) {
      held.delete(server.index)
      return null
    }
    const resume = async (): Promise<void> => {
      await wait(ms)
      signal(server.pid, 'SIGCONT')
      held.delete(server.index)
    }
    if (long) hand.linger(resume)
    else await resume()
    return `server ${server.index} for ${ms} ms`
  }
})

/** As long as it lasts, PostgreSQL has another pid; `targets` tells it. */
const killPostgres = (copies: number): Fault => ({
  copies,
  strike: async ({ targets }) => {
    const pid = targets().postgresPid
    const pids = [pid, ...childrenOf(pid)]
    for (const each of pids) signal(each, 'SIGKILL')
    await until(() => targets().postgresPid !== pid)
    return `${pids.length} processes`
  }
})

const stopPostgres: Fault = {
  strike: async ({ targets, dice }) => {
    const pid = targets().postgresPid
    const pids = [pid, ...childrenOf(pid)]
    const ms = dice.int(500, 4_000)
    for (const each of pids) signal(each, 'SIGSTOP')
    await wait(ms)
    for (const each of pids) signal(each, 'SIGCONT')
    return `for ${ms} ms`
  }
}

/** Not a byte is left for the log: PostgreSQL stops rather than lose one, and goes on when there is room again. */
const fillDisk: Fault = {
  copies: 2,
  strike: async hand => {
    const { smallDisk } = hand.targets()
    if (smallDisk === null) return null
    const ballast = join(smallDisk, 'ballast')
    const ms = hand.dice.int(500, 4_000)
    const bytes = writeUntilFull(ballast)
    await wait(ms)
    rmSync(ballast)
    const giveUpAt = performance.now() + RESTART_MAX_MS
    while (performance.now() < giveUpAt) {
      const answers = await sql(hand, client => client.query('SELECT 1')).catch(() => null)
      if (answers !== null) break
      await wait(POLL_MS)
    }
    return `${Math.round(bytes / BALLAST_BYTES)} MB for ${ms} ms`
  }
}

function writeUntilFull(file: string): number {
  const fd = openSync(file, 'w')
  let written = 0
  try {
    // The last pages as well: a smaller piece each time that one does not fit.
    for (let size = BALLAST_BYTES; size >= 512; ) {
      try {
        written += writeSync(fd, Buffer.alloc(size))
      } catch {
        size = Math.floor(size / 2)
      }
    }
  } finally {
    closeSync(fd)
  }
  return written
}

/** PostgreSQL then resets every connection, and recovers by itself. */
const killBackend: Fault = {
  strike: async hand => {
    const pids = await sql(hand, async client => {
      const { rows } = await client.query<{ pid: number }>(`SELECT pid FROM pg_stat_activity WHERE application_name = 'kahub' ORDER BY pid`)
      return rows.map(row => row.pid)
    })
    if (pids.length === 0) return null
    signal(hand.dice.pick(pids), 'SIGKILL')
    await wait(1_000)
    return `one of ${pids.length}`
  }
}

async function sql<T>({ targets }: Pick<Hand, 'targets'>, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: targets().postgresUrl, connectionTimeoutMillis: 5_000 })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}

const terminateBackends: Fault = {
  strike: hand =>
    sql(hand, async client => {
      const { rowCount } = await client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'kahub'`)
      return `${rowCount} connections`
    })
}

/** Whoever wants this row or table waits: longer than a lock may be waited for. */
const holdLock = (what: 'row' | 'table'): Fault => ({
  strike: hand =>
    sql(hand, async client => {
      const ms = hand.dice.int(1_000, 3_500)
      await client.query('BEGIN')
      await client.query(`SET LOCAL lock_timeout = '5s'`)
      if (what === 'row')
        await client.query('SELECT FROM sku_fence WHERE sku_id = $1 FOR UPDATE', [hand.dice.pick(hand.targets().hotSkuIds).slice(4)])
      else await client.query(`LOCK TABLE ${hand.dice.pick(['orders', 'card', 'outbox', 'ledger_account'])} IN ACCESS EXCLUSIVE MODE`)
      await wait(ms)
      await client.query('ROLLBACK')
      return `${what} for ${ms} ms`
    })
})

/** Connections run out for everybody; the servers' own are cut, so that they have to ask for new ones. */
const hogConnections: Fault = {
  strike: async hand => {
    const hogs: pg.Client[] = []
    try {
      await terminateBackends.strike(hand)
      for (let n = 0; n < 100; n++) {
        const client = new pg.Client({ connectionString: hand.targets().postgresUrl, connectionTimeoutMillis: 2_000 })
        client.on('error', () => undefined)
        await client.connect()
        hogs.push(client)
      }
    } catch {
      // No more to be had: that is the fault.
    }
    await wait(hand.dice.int(500, 2_000))
    await Promise.all(hogs.map(client => client.end().catch(() => undefined)))
    return `${hogs.length} connections`
  }
}

const killValkey: Fault = {
  copies: 2,
  strike: async ({ targets }) => {
    const pid = targets().valkeyPid
    if (!signal(pid, 'SIGKILL')) return null
    await until(() => targets().valkeyPid !== pid)
    return 'it comes back empty'
  }
}

const valkeyDown: Fault = {
  strike: async hand => {
    const ms = hand.dice.int(2_000, 5_000)
    hand.tell({ is: 'hold-valkey', hold: true })
    await wait(POLL_MS)
    signal(hand.targets().valkeyPid, 'SIGKILL')
    await wait(ms)
    const pid = hand.targets().valkeyPid
    hand.tell({ is: 'hold-valkey', hold: false })
    await until(() => hand.targets().valkeyPid !== pid)
    return `for ${ms} ms`
  }
}

const stopValkey: Fault = {
  strike: async ({ targets, dice }) => {
    const pid = targets().valkeyPid
    const ms = dice.int(300, 3_000)
    signal(pid, 'SIGSTOP')
    await wait(ms)
    signal(pid, 'SIGCONT')
    return `for ${ms} ms`
  }
}

async function redis<T>({ targets }: Hand, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(targets().redisUrl, { lazyConnect: true, maxRetriesPerRequest: 0, commandTimeout: 2_000, retryStrategy: () => null })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await work(client)
  } finally {
    client.disconnect()
  }
}

/** Leases that end early are granted twice; leases that never end are never granted again. */
const meddle = (how: 'flush' | 'expire' | 'persist'): Fault => ({
  strike: hand =>
    redis(hand, async client => {
      if (how === 'flush') return await client.flushall()
      const leases = await client.keys('kahub:lease:*')
      for (const lease of leases) await (how === 'expire' ? client.pexpire(lease, 1) : client.persist(lease))
      return `${leases.length} leases`
    })
})

const LINK_FAULTS: readonly (readonly [copies: number, links: readonly LinkName[], kinds: readonly LinkFault['kind'][]])[] = [
  [1, ['postgres-0', 'postgres-1'], ['latency', 'cut', 'refuse', 'half_open', 'stall', 'swallow', 'drip']],
  [1, ['redis-0', 'redis-1'], ['latency', 'cut', 'half_open', 'stall', 'swallow']],
  [1, ['api-0', 'api-1'], ['latency', 'cut', 'stall', 'swallow']],
  [1, ['supplier-0', 'supplier-1'], ['latency', 'cut', 'refuse', 'stall', 'swallow']],
  [1, ['receiver'], ['latency', 'cut', 'stall', 'swallow']]
]

const linkFault = (links: readonly LinkName[], kind: LinkFault['kind'], copies: number): Fault => ({
  copies,
  strike: async ({ dice, tell }) => {
    const link = dice.pick(links)
    const ms = dice.int(400, 2_000)
    const fault: LinkFault = kind === 'latency' ? { kind, ms: dice.int(20, 800) } : { kind }
    tell({ is: 'link', link, fault })
    await wait(ms)
    tell({ is: 'link', link, fault: { kind: 'none' } })
    return `${link} for ${ms} ms`
  }
})

const linkFaults = Object.fromEntries(
  LINK_FAULTS.flatMap(([copies, links, kinds]) =>
    kinds.map(kind => [`link.${links[0]?.split('-')[0]}.${kind}`, linkFault(links, kind, copies)] as const)
  )
)

/** What a supplier does wrong, until something else is wrong with it. */
const SUPPLIER_RATES = [
  'timeout_before',
  'timeout_after',
  'error_before',
  'error_after',
  'cut_after',
  'not_json',
  'truncated',
  'empty',
  'huge',
  'slow'
] as const
const SUPPLIER_LIES = ['redirect', 'unknown_code', 'throttled', 'not_found', 'partial', 'wrong_quantity', 'same_card', 'apology', 'fails'] as const

const hostileSupplier: Fault = {
  copies: 3,
  strike: async ({ dice, targets }) => {
    const supplier = dice.pick(targets().suppliers)
    const rates = { [dice.pick(SUPPLIER_RATES)]: dice.pick([0.3, 0.7]), [dice.pick(SUPPLIER_LIES)]: dice.pick([0.2, 0.5]) }
    const response = await fetch(`${supplier.origin}/__sim/faults`, {
      method: 'POST',
      headers: { 'x-sim-token': supplier.controlToken, 'content-type': 'application/json' },
      body: JSON.stringify({ rates })
    })
    return response.ok ? JSON.stringify(rates) : null
  }
}

const hostileReceiver: Fault = {
  strike: async ({ dice, tell }) => {
    const percent = dice.pick([30, 60, 100])
    tell({ is: 'receiver-faults', percent })
    return `${percent} %`
  }
}

/** Only on a disk of ours. */
export const DISK_FULL = 'postgres.disk-full'

export const FAULTS: Readonly<Record<string, Fault>> = {
  'server.kill': endServer('SIGKILL', 8),
  'server.restart': endServer('SIGTERM', 3),
  'server.stop': stopServer(false, 5),
  'server.long-stop': stopServer(true, 1),
  'postgres.kill': killPostgres(5),
  'postgres.kill-backend': killBackend,
  'postgres.stop': stopPostgres,
  'postgres.terminate': terminateBackends,
  'postgres.lock-row': holdLock('row'),
  'postgres.lock-table': holdLock('table'),
  'postgres.hog': hogConnections,
  [DISK_FULL]: fillDisk,
  'valkey.kill': killValkey,
  'valkey.down': valkeyDown,
  'valkey.stop': stopValkey,
  'valkey.flush': meddle('flush'),
  'valkey.expire': meddle('expire'),
  'valkey.persist': meddle('persist'),
  ...linkFaults,
  'supplier.hostile': hostileSupplier,
  'receiver.hostile': hostileReceiver
}
