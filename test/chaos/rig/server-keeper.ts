/** One kahub server, as it is shipped, that a supervisor starts again whenever it ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { ROOT } from './child.ts'

const POLL_MS = 40
const RESTART_DELAY_MS = 150
const TAIL_CHARACTERS = 2_000
/** Longer than its own drain may take. */
const STOP_MAX_MS = 40_000

export interface ServerOptions {
  readonly index: number
  readonly port: number
  readonly logFile: string
  readonly env: Readonly<Record<string, string>>
  /** Of the next process: what is added to its environment. */
  readonly nextEnv: () => Readonly<Record<string, string>>
  readonly onChange: () => void
  /** It ended at this failpoint. */
  readonly onFailpoint: (name: string) => void
  /** It ended, and nobody had announced that. */
  readonly onCrash: (detail: string) => void
}

export interface ServerKeeper {
  readonly origin: string
  state(): { readonly pid: number; readonly starting: boolean } | null
  starts(): number
  /** Ends it as an operator does; it is started again. */
  restart(): Promise<void>
  /** What comes now is wanted. */
  announceEnd(signal: NodeJS.Signals): void
  start(): void
  ready(): Promise<boolean>
  /** For good. Returns its exit code. */
  stop(): Promise<number | null>
}

export function keepServer(options: ServerOptions): ServerKeeper {
  const origin = `http://127.0.0.1:${options.port}`
  let child: ChildProcess | null = null
  let starting = true
  let announced: NodeJS.Signals | null = null
  let starts = 0
  let closing = false

  function start(): void {
    if (closing) return
    const log = openSync(options.logFile, 'a')
    const logFrom = fstatSync(log).size
    const launched = spawn(process.execPath, ['--import', './test/chaos/rig/skew-process.ts', 'src/launch.cjs', 'src/server.ts'], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], PORT: `${options.port}`, ...options.env, ...options.nextEnv() },
      stdio: ['ignore', log, log]
    })
    closeSync(log)
    child = launched
    starting = true
    announced = null
    starts++
    launched.on('exit', (code, signal) => {
      child = null
      judgeEnd(readFileSync(options.logFile).subarray(logFrom).toString(), code, signal)
      options.onChange()
      if (!closing) setTimeout(start, RESTART_DELAY_MS)
    })
    options.onChange()
    void watch(launched)
  }

  async function watch(launched: ChildProcess): Promise<void> {
    while (child === launched && !(await answers(`${origin}/health/live`))) await wait(POLL_MS)
    if (child !== launched) return
    starting = false
    options.onChange()
  }

  function judgeEnd(log: string, code: number | null, signal: NodeJS.Signals | null): void {
    const failpoint = /kahub stops at the failpoint (\S+)/.exec(log)?.[1]
    if (failpoint !== undefined && signal === 'SIGKILL') {
      options.onFailpoint(failpoint)
      return
    }
    if (announced === 'SIGKILL' || (announced === 'SIGTERM' && (code === 0 || starting))) return
    // Whoever starts while its database is away says so and is started again.
    if (starting && signal === null && log.includes('kahub cannot start')) return
    options.onCrash(`server ${options.index} ended by itself with ${signal ?? code} (announced: ${announced}): ${log.slice(-TAIL_CHARACTERS)}`)
  }

  return {
    origin,
    state: () => (child?.pid === undefined ? null : { pid: child.pid, starting }),
    starts: () => starts,
    restart: async () => {
      const last = child
      if (last === null) return
      announced = 'SIGTERM'
      last.kill('SIGTERM')
      await once(last, 'exit')
    },
    announceEnd: signal => {
      announced = signal
    },
    start,
    ready: () => answers(`${origin}/health/ready`),
    stop: async () => {
      closing = true
      const last = child
      if (last === null) return null
      announced = 'SIGTERM'
      const { promise, resolve } = Promise.withResolvers<number | null>()
      last.once('exit', code => resolve(code))
      last.kill('SIGCONT')
      last.kill('SIGTERM')
      const forced = setTimeout(() => {
        announced = 'SIGKILL'
        last.kill('SIGKILL')
      }, STOP_MAX_MS)
      return await promise.finally(() => clearTimeout(forced))
    }
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}
