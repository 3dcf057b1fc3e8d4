/** kahub as it is shipped: the real process with everything on, its log in a file. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Admin, createAdmin } from './admin.ts'
import type { Lab } from './lab.ts'
import { cpuSecondsOf } from './process-stats.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const START_MAX_MS = 30_000
const POLL_MS = 50
const LOG_TAIL_CHARACTERS = 2_000
/** One for all instances of a run: they share the database. */
const ADMIN_KEY = randomBytes(24).toString('base64url')
const MASTER_KEY = randomBytes(32).toString('base64')

export interface Kahub {
  readonly host: string
  readonly port: number
  readonly pid: number
  readonly databaseUrl: string
  readonly admin: Admin
  readonly logFile: string
  cpuSeconds(): number
  stop(): Promise<void>
}

export interface KahubOptions {
  readonly databaseUrl: string
  readonly logLevel: string
  /** Where to write a processor profile when it stops. */
  readonly profileTo: string | null
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

let instances = 0

export async function startKahub(lab: Lab, options: KahubOptions): Promise<Kahub> {
  const port = await freePort()
  const logFile = join(lab.directory, `kahub-${instances++}.log`)
  const child = spawnServer(lab, options, { port, logFile })
  const host = '127.0.0.1'
  const admin = createAdmin(`http://${host}:${port}`, ADMIN_KEY)
  await untilReady(child, admin, logFile)
  const { pid = 0 } = child
  return {
    host,
    port,
    pid,
    databaseUrl: options.databaseUrl,
    admin,
    logFile,
    cpuSeconds: () => cpuSecondsOf(pid),
    stop: async () => {
      await admin.close()
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
  }
}

function spawnServer(
  lab: Lab,
  { databaseUrl, logLevel, profileTo }: KahubOptions,
  { port, logFile }: { port: number; logFile: string }
): ChildProcess {
  const log = openSync(logFile, 'a')
  if (profileTo !== null) mkdirSync(profileTo, { recursive: true })
  const profile = profileTo === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileTo}`, '--cpu-prof-interval=500']
  const env = {
    PATH: process.env['PATH'],
    HOST: '127.0.0.1',
    PORT: `${port}`,
    DATABASE_URL: databaseUrl,
    REDIS_URL: lab.redisUrl,
    KAHUB_DATA_DIR: join(lab.directory, 'kahub'),
    KAHUB_ADMIN_KEY: ADMIN_KEY,
    KAHUB_MASTER_KEY: MASTER_KEY,
    LOG_LEVEL: logLevel,
    // The supplier that it buys from is on this machine, too.
    KAHUB_ALLOW_PRIVATE_TARGETS: 'true'
  }
  const child = spawn(process.execPath, [...profile, join('src', 'launch.cjs'), join('src', 'server.ts')], {
    cwd: ROOT,
    env,
    stdio: ['ignore', log, log]
  })
  closeSync(log)
  return child
}

async function untilReady(child: ChildProcess, admin: Admin, logFile: string): Promise<void> {
  const giveUpAt = performance.now() + START_MAX_MS
  while (!(await admin.isReady())) {
    if (child.exitCode !== null || performance.now() > giveUpAt) {
      child.kill('SIGKILL')
      throw new Error(`kahub did not start: ${readFileSync(logFile, 'utf8').slice(-LOG_TAIL_CHARACTERS)}`)
    }
    await sleep(POLL_MS)
  }
}
