/** Keeps PostgreSQL and Valkey running as a supervisor would: whatever ends is started again, on the same data or empty. */
import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { startEmbeddedPostgres } from '../../../src/embedded/index.ts'
import type { ValkeyReport } from '../../../src/embedded/valkey-child.ts'
import { onOrder, ROOT, report } from './child.ts'
import type { DatabasesOrder, DatabasesReport } from './messages.ts'

const MAX_MEMORY_MB = 128
const SHARED_BUFFERS_MB = 64
const RESTART_MAX_MS = 30_000
const RESTART_AGAIN_MS = 300

const tell = (message: DatabasesReport): void => report(message)
let stopping = false
let postgres: Awaited<ReturnType<typeof startEmbeddedPostgres>> | null = null
let valkey: ChildProcess | null = null
let valkeyHeld = false
const starts = { postgres: 0, valkey: 0 }

async function startPostgres(dataDir: string): Promise<void> {
  const ended = (line: string): void => {
    if (/ended unexpectedly/.test(line) && !stopping) void restartPostgres(dataDir)
  }
  postgres = await startEmbeddedPostgres({ dataDir, sharedBuffersMb: SHARED_BUFFERS_MB, logger: { info: () => undefined, warn: ended } })
  starts.postgres++
  const pid = Number(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0])
  tell({ is: 'postgres', url: postgres.url, pid, starts: starts.postgres })
}

async function restartPostgres(dataDir: string): Promise<void> {
  const giveUpAt = performance.now() + RESTART_MAX_MS
  // Gives the claim on the data directory back.
  await postgres?.stop()
  while (!stopping) {
    try {
      await startPostgres(dataDir)
      return
    } catch (error) {
      // As long as its disk is full it cannot.
      if (performance.now() < giveUpAt) await wait(RESTART_AGAIN_MS)
      else return tell({ is: 'failed', reason: `PostgreSQL does not start again: ${error instanceof Error ? error.message : String(error)}` })
    }
  }
}

/** Not by the embedded starter, which gives each server another password. */
function startValkey(password: string): void {
  if (valkeyHeld || stopping) return
  const child = fork(join(ROOT, 'src', 'embedded', 'valkey-child.ts'), [], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  valkey = child
  child.once('message', (message: ValkeyReport) => {
    if (!('port' in message)) return tell({ is: 'failed', reason: `Valkey: ${message.failure}` })
    starts.valkey++
    tell({ is: 'valkey', port: message.port, pid: child.pid ?? 0, starts: starts.valkey })
  })
  child.once('exit', () => startValkey(password))
  child.send({ password, maxMemoryMb: MAX_MEMORY_MB })
}

async function stop(): Promise<void> {
  stopping = true
  valkey?.kill('SIGKILL')
  await postgres?.stop()
  tell({ is: 'stopped' })
}

let redisPassword = ''
onOrder<DatabasesOrder>(order => {
  switch (order.do) {
    case 'start':
      redisPassword = order.redisPassword
      startValkey(redisPassword)
      startPostgres(order.dataDir).catch((error: Error) => tell({ is: 'failed', reason: error.message }))
      return
    case 'hold-valkey': {
      const wasHeld = valkeyHeld
      valkeyHeld = order.hold
      if (wasHeld && !order.hold && (valkey === null || valkey.exitCode !== null || valkey.signalCode !== null)) startValkey(redisPassword)
      return
    }
    case 'stop':
      void stop()
  }
})
