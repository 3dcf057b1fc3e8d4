/** Everything that a round needs, as processes of their own: databases, links, outside world, two servers. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Child, startChild } from './child.ts'
import {
  type DatabasesOrder,
  type DatabasesReport,
  LINKS,
  type LinkName,
  type ProxyOrder,
  type ProxyReport,
  type SupplierStall,
  type Targets,
  type WorldOrder,
  type WorldReport
} from './messages.ts'
import { keepServer, type ServerKeeper } from './server-keeper.ts'
import { mountSmallDisk } from './small-disk.ts'

export const SERVERS = 2
const POLL_MS = 50
const READY_MAX_MS = 60_000

export interface RigOptions {
  readonly directory: string
  readonly seed: number
  /** PostgreSQL gets a disk that can be full. */
  readonly smallDisk: boolean
  /** What is added to the environment of the next process of a server. */
  readonly nextEnv: (server: number) => Readonly<Record<string, string>> & { readonly newestKey: 'old' | 'new' }
  readonly onFailpoint: (name: string) => void
  readonly onCrash: (detail: string) => void
  /** A process has come or gone. */
  readonly onTargets: () => void
}

export interface Rig {
  readonly servers: readonly ServerKeeper[]
  readonly links: Readonly<Record<LinkName, number>>
  readonly suppliers: readonly SupplierStall[]
  readonly adminKey: string
  /** Both, as KAHUB_MASTER_KEY, with this one in front. */
  masterKeys(newest: 'old' | 'new'): string
  /** The only one that is needed after the rotation. */
  readonly newMasterKey: string
  readonly files: { readonly databases: string; readonly logs: string; readonly deliveries: string; readonly world: string }
  readonly proxy: Child<ProxyOrder, ProxyReport>
  readonly world: Child<WorldOrder, WorldReport>
  readonly databases: Child<DatabasesOrder, DatabasesReport>
  /** Where PostgreSQL and Valkey are now, past all links. */
  databaseUrl(): string
  redisUrl(): string
  targets(hotSkuIds: readonly string[]): Targets
  starts(): { readonly postgres: number; readonly valkey: number; readonly servers: number }
  untilReady(): Promise<void>
  /** Exit codes of the servers. */
  stopServers(): Promise<readonly (number | null)[]>
  stop(): Promise<void>
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

const withPort = (url: string, port: number): string => {
  const moved = new URL(url)
  moved.port = `${port}`
  return moved.href
}

export async function startRig(options: RigOptions): Promise<Rig> {
  const files = {
    databases: join(options.directory, 'databases'),
    logs: join(options.directory, 'logs'),
    deliveries: join(options.directory, 'world', 'deliveries.ndjson'),
    world: join(options.directory, 'world')
  }
  for (const path of [files.databases, files.logs, files.world]) mkdirSync(path, { recursive: true })
  const unmount = options.smallDisk ? mountSmallDisk(files.databases) : null
  const [proxy, world, databases] = [
    startChild<ProxyOrder, ProxyReport>('rig/proxy-process.ts'),
    startChild<WorldOrder, WorldReport>('rig/world-process.ts'),
    startChild<DatabasesOrder, DatabasesReport>('rig/databases-process.ts')
  ]
  const stop = async (): Promise<void> => {
    databases.send({ do: 'stop' })
    await databases.next(report => report.is === 'stopped').catch(() => undefined)
    await Promise.all([proxy.stop(), world.stop(), databases.stop()])
    unmount?.()
  }
  try {
    return await compose(options, { proxy, world, databases, files, stop })
  } catch (error) {
    await stop()
    throw error
  }
}

type Parts = Pick<Rig, 'proxy' | 'world' | 'databases' | 'files' | 'stop'>

async function compose(options: RigOptions, parts: Parts): Promise<Rig> {
  const { proxy, world, databases, files } = parts
  const redisPassword = randomBytes(16).toString('hex')
  const now = { postgresUrl: '', postgresPid: 0, postgresStarts: 0, valkeyPort: 0, valkeyPid: 0, valkeyStarts: 0 }
  databases.onReport(report => {
    if (report.is === 'postgres') {
      Object.assign(now, { postgresUrl: report.url, postgresPid: report.pid, postgresStarts: report.starts })
      for (const n of [0, 1] as const) proxy.send({ do: 'target', link: `postgres-${n}`, port: Number(new URL(report.url).port) })
    } else if (report.is === 'valkey') {
      Object.assign(now, { valkeyPort: report.port, valkeyPid: report.pid, valkeyStarts: report.starts })
      for (const n of [0, 1] as const) proxy.send({ do: 'target', link: `redis-${n}`, port: report.port })
    } else if (report.is === 'failed') options.onCrash(report.reason)
    options.onTargets()
  })
  const [{ ports }, opened] = await Promise.all([
    proxy.next((report): report is ProxyReport => 'ports' in report),
    (async () => {
      const pending = world.next(report => report.is === 'open')
      world.send({ do: 'open', seed: options.seed, dumpFile: files.deliveries })
      return await pending
    })(),
    (async () => {
      const pending = Promise.all([databases.next(report => report.is === 'postgres'), databases.next(report => report.is === 'valkey')])
      databases.send({ do: 'start', dataDir: files.databases, redisPassword })
      return await pending
    })()
  ])
  const adminKey = randomBytes(24).toString('base64url')
  const [oldKey, newKey] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')]
  const masterKeys: Rig['masterKeys'] = newest => (newest === 'new' ? `new:${newKey},old:${oldKey}` : `old:${oldKey},new:${newKey}`)
  const redisUrlAt = (port: number): string => `redis://:${redisPassword}@127.0.0.1:${port}`
  const apiPorts = await Promise.all(Array.from({ length: SERVERS }, freePort))
  const servers = apiPorts.map((port, index) =>
    keepServer({
      index,
      port,
      logFile: join(files.logs, `server-${index}.log`),
      env: {
        DATABASE_URL: withPort(now.postgresUrl, ports[`postgres-${index}` as LinkName]),
        REDIS_URL: redisUrlAt(ports[`redis-${index}` as LinkName]),
        KAHUB_ADMIN_KEY: adminKey,
        KAHUB_ALLOW_PRIVATE_TARGETS: 'true',
        LOG_LEVEL: 'info'
      },
      nextEnv: () => {
        const { newestKey, ...env } = options.nextEnv(index)
        return { KAHUB_MASTER_KEY: masterKeys(newestKey), ...env }
      },
      onChange: options.onTargets,
      onFailpoint: options.onFailpoint,
      onCrash: options.onCrash
    })
  )
  const send = (link: LinkName, port: number): void => proxy.send({ do: 'target', link, port })
  apiPorts.forEach((port, n) => void send(`api-${n}` as LinkName, port))
  opened.suppliers.forEach(({ origin }, n) => void send(`supplier-${n}` as LinkName, Number(new URL(origin).port)))
  send('receiver', opened.receiverPort)
  for (const server of servers) server.start()
  return {
    ...parts,
    servers,
    links: ports,
    suppliers: opened.suppliers,
    adminKey,
    masterKeys,
    newMasterKey: newKey,
    databaseUrl: () => now.postgresUrl,
    redisUrl: () => redisUrlAt(now.valkeyPort),
    targets: hotSkuIds => ({
      servers: servers.map(server => server.state()),
      postgresPid: now.postgresPid,
      postgresUrl: now.postgresUrl,
      valkeyPid: now.valkeyPid,
      redisUrl: redisUrlAt(now.valkeyPort),
      suppliers: opened.suppliers,
      hotSkuIds,
      smallDisk: options.smallDisk ? files.databases : null
    }),
    starts: () => ({ postgres: now.postgresStarts, valkey: now.valkeyStarts, servers: servers.reduce((sum, server) => sum + server.starts(), 0) }),
    untilReady: async () => {
      const giveUpAt = performance.now() + READY_MAX_MS
      while (!(await Promise.all(servers.map(server => server.ready()))).every(Boolean)) {
        if (performance.now() > giveUpAt) throw new Error(`the servers are not ready ${READY_MAX_MS / 1_000} s after all faults ended`)
        await wait(POLL_MS)
      }
    },
    stopServers: () => Promise.all(servers.map(server => server.stop()))
  }
}

/** Every link is as good as new; what waited in one is delivered or lost now. */
export async function healLinks({ proxy }: Rig): Promise<void> {
  for (const link of LINKS) proxy.send({ do: 'fault', link, fault: { kind: 'none' } })
}
