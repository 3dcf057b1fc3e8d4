/** Real redis-server processes in a directory that goes away: plain ones, Sentinels, and nodes of a cluster. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'

export const PASSWORD = 'a-password-of-the-servers'
const START_MAX_MS = 10_000
const POLL_MS = 50

export interface RedisServer {
  readonly port: number
  readonly client: Redis
  kill(): Promise<void>
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

export function openServers() {
  const directory = mkdtempSync(join(tmpdir(), 'kahub-redis-'))
  const started: RedisServer[] = []
  let count = 0
  async function start(settings: string, args: readonly string[] = []): Promise<RedisServer> {
    const port = await freePort()
    const home = join(directory, `${count++}`)
    mkdirSync(home)
    const file = join(home, 'redis.conf')
    writeFileSync(file, `port ${port}\nbind 127.0.0.1\ndir ${home}\nsave ""\n${settings}\n`)
    const child = spawn('redis-server', [file, ...args], { stdio: 'ignore' })
    const client = new Redis(port, '127.0.0.1', { password: args.length > 0 ? undefined : PASSWORD, lazyConnect: true, retryStrategy: () => POLL_MS })
    client.on('error', () => undefined)
    await untilReady(client, child)
    const server = { port, client, kill: () => kill(client, child) }
    started.push(server)
    return server
  }
  return {
    plain: (primaryPort?: number) =>
      start(
        `requirepass ${PASSWORD}\nmasterauth ${PASSWORD}\nrepl-diskless-sync-delay 0\n${primaryPort === undefined ? '' : `replicaof 127.0.0.1 ${primaryPort}`}`
      ),
    sentinel: (name: string, primaryPort: number) =>
      start(
        `sentinel monitor ${name} 127.0.0.1 ${primaryPort} 1\nsentinel auth-pass ${name} ${PASSWORD}\n` +
          `sentinel down-after-milliseconds ${name} 500\nsentinel failover-timeout ${name} 3000`,
        ['--sentinel']
      ),
    clusterNode: () => start(`requirepass ${PASSWORD}\nmasterauth ${PASSWORD}\ncluster-enabled yes\ncluster-node-timeout 1000`),
    stop: async () => {
      await Promise.all(started.map(server => server.kill()))
      rmSync(directory, { recursive: true, force: true })
    }
  }
}

async function untilReady(client: Redis, child: ChildProcess): Promise<void> {
  const missing = new Promise<never>((_, reject) =>
    child.once('error', () => reject(new Error('there is no redis-server on the PATH: apt-get install redis-server redis-sentinel')))
  )
  missing.catch(() => undefined)
  const giveUpAt = performance.now() + START_MAX_MS
  for (;;) {
    const answer = await Promise.race([client.ping().catch(() => null), missing])
    if (answer === 'PONG') return
    if (performance.now() > giveUpAt) throw new Error('redis-server did not start')
    await new Promise(resolve => setTimeout(resolve, POLL_MS))
  }
}

async function kill(client: Redis, child: ChildProcess): Promise<void> {
  client.disconnect()
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
