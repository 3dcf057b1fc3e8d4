import type { ChildProcess } from 'node:child_process'
import { closeSync, fstatSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { USE_YOUR_OWN } from './contract.ts'
import { readPostmasterState } from './data-owner.ts'
import { spawnGuarded, waitForExit } from './guarded-child.ts'
import { type Cluster, dataArgument, serverEnvironment } from './postgres-cluster.ts'
import { type PostgresSettings, postgresArguments } from './postgres-settings.ts'

// Crash recovery replays up to max_wal_size before the server accepts connections.
const START_DEADLINE_MS = 300_000
// After kill -9 of the server its backends need a moment to notice; a foreign process may take our port first.
const RETRY_DEADLINE_MS = 15_000
const RETRY_PAUSE_MS = 100
const POLL_MS = 10
const FAST_STOP_DEADLINE_MS = 30_000
const IMMEDIATE_STOP_DEADLINE_MS = 10_000
const LOG_TAIL_LINES = 8

const TRANSIENT = /pre-existing shared memory block|could not bind IPv4 address|could not create any TCP\/IP sockets/

export interface Postmaster {
  child: ChildProcess
  port: number
}

class StartFailure extends Error {}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}

/** Keeps the log of the run before, because that one may have crashed. */
function rotateLog(logFile: string): void {
  rmSync(`${logFile}.1`, { force: true })
  try {
    renameSync(logFile, `${logFile}.1`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

function tailFrom(logFile: string, offset: number): string {
  const lines = readFileSync(logFile).subarray(offset).toString('utf8').trim().split('\n')
  return lines.slice(-LOG_TAIL_LINES).join('\n')
}

async function waitUntilReady(child: ChildProcess, clusterDir: string): Promise<void> {
  let failure: Error | undefined
  child.on('error', error => {
    failure = error
  })
  const deadline = Date.now() + START_DEADLINE_MS
  for (;;) {
    if (failure) throw new StartFailure(failure.message)
    if (child.exitCode !== null || child.signalCode !== null) throw new StartFailure('it ended')
    const state = readPostmasterState(clusterDir)
    if (state?.pid === child.pid && state?.status === 'ready') return
    if (Date.now() > deadline) throw new StartFailure(`not ready after ${START_DEADLINE_MS / 1000} s`)
    await delay(POLL_MS)
  }
}

async function attempt(cluster: Cluster, settings: PostgresSettings, logFd: number): Promise<ChildProcess> {
  const args = ['-D', dataArgument(cluster), ...postgresArguments(settings)]
  const child = spawnGuarded(join(cluster.binDir, 'postgres'), args, {
    ...cluster.account,
    cwd: cluster.directory,
    env: serverEnvironment(),
    deathSignal: 'INT',
    output: logFd
  })
  try {
    await waitUntilReady(child, cluster.directory)
    return child
  } catch (error) {
    await stopPostmaster(child)
    throw error
  }
}

/** Starts the server on a free port and returns once it accepts connections. */
export async function startPostmaster(cluster: Cluster, logFile: string, settings: Omit<PostgresSettings, 'port'>): Promise<Postmaster> {
  rotateLog(logFile)
  const logFd = openSync(logFile, 'a', 0o600)
  const retryUntil = Date.now() + RETRY_DEADLINE_MS
  try {
    for (;;) {
      const offset = fstatSync(logFd).size
      const port = await freePort()
      try {
        return { child: await attempt(cluster, { ...settings, port }, logFd), port }
      } catch (error) {
        if (!(error instanceof StartFailure)) throw error
        const tail = tailFrom(logFile, offset)
        if (!TRANSIENT.test(tail) || Date.now() > retryUntil) {
          const advice = `Remove the cause, set KAHUB_DATA_DIR to a new directory, or ${USE_YOUR_OWN}.`
          throw new Error(`PostgreSQL did not start (${error.message}). ${advice} The end of ${logFile}:\n${tail}`)
        }
      }
      await delay(RETRY_PAUSE_MS)
    }
  } finally {
    closeSync(logFd)
  }
}

/** Fast shutdown; immediate shutdown (as safe, but the next start recovers) when that takes too long. */
export async function stopPostmaster(child: ChildProcess): Promise<void> {
  child.kill('SIGINT')
  if (await waitForExit(child, FAST_STOP_DEADLINE_MS)) return
  child.kill('SIGQUIT')
  if (await waitForExit(child, IMMEDIATE_STOP_DEADLINE_MS)) return
  throw new Error(`PostgreSQL (process ${child.pid}) did not stop.`)
}
