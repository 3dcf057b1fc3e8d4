import { readFileSync, readlinkSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const OWNER_FILE = 'postgres.owner'
const CLAIM_ATTEMPTS = 5
// A fast shutdown writes all dirty buffers; giving up too early would refuse a start that needs a few more seconds.
const OLD_SERVER_DEADLINE_MS = 60_000
const POLL_MS = 20

interface Owner {
  pid: number
  /** Tells the process apart from a later one that got the same pid. */
  birth: string
}

function birthOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return isRunning(pid) ? '' : undefined
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The fields after the command name, which may itself contain blanks and brackets: state first, start time 20th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${fields[19]}`
  } catch {
    return undefined
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function readOwner(file: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Owner
  } catch {
    return undefined
  }
}

export class DataDirInUse extends Error {
  constructor(dataDir: string, pid: number | undefined) {
    const who = pid === undefined ? 'Another kahub' : `Another kahub (process ${pid})`
    super(`${who} is running on ${dataDir}: stop it first, or set KAHUB_DATA_DIR to another directory.`)
    this.name = 'DataDirInUse'
  }
}

/**
 * Makes this process the only one that may start servers on `dataDir`; returns the release. A claim whose process is
 * gone does not count. PostgreSQL's own lock file stays the last word.
 * Throws DataDirInUse.
 */
export function claimDataDir(dataDir: string): () => void {
  const file = join(dataDir, OWNER_FILE)
  const mine: Owner = { pid: process.pid, birth: birthOf(process.pid) ?? '' }
  for (let attempt = 0; attempt < CLAIM_ATTEMPTS; attempt++) {
    try {
      writeFileSync(file, JSON.stringify(mine), { flag: 'wx' })
      return () => rmSync(file, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const owner = readOwner(file)
    if (owner && birthOf(owner.pid) === owner.birth) throw new DataDirInUse(dataDir, owner.pid)
    rmSync(file, { force: true })
  }
  throw new DataDirInUse(dataDir, undefined)
}

export interface PostmasterState {
  pid: number
  status: string
}

export function readPostmasterState(clusterDir: string): PostmasterState | undefined {
  try {
    const lines = readFileSync(join(clusterDir, 'postmaster.pid'), 'utf8').split('\n')
    const pid = Number(lines[0])
    return Number.isInteger(pid) && pid > 0 ? { pid, status: lines[7]?.trim() ?? '' } : undefined
  } catch {
    return undefined
  }
}

/** A server works inside its data directory, which no process that merely inherited its pid does. */
function worksIn(pid: number, clusterDir: string): boolean {
  if (process.platform !== 'linux') return isRunning(pid)
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(clusterDir)
  } catch {
    return false
  }
}

/** Ends a server whose kahub is gone; only the holder of the claim may call this. */
export async function endOldPostmaster(clusterDir: string): Promise<void> {
  const deadline = Date.now() + OLD_SERVER_DEADLINE_MS
  let signalled = false
  for (;;) {
    const state = readPostmasterState(clusterDir)
    if (!state) return
    if (!worksIn(state.pid, clusterDir)) {
      // Left by a crash. PostgreSQL would refuse to start if an unrelated process had that pid by now.
      rmSync(join(clusterDir, 'postmaster.pid'), { force: true })
      return
    }
    if (!signalled && process.platform === 'linux') {
      process.kill(state.pid, 'SIGINT')
      signalled = true
    }
    if (Date.now() > deadline) {
      throw new Error(`PostgreSQL (process ${state.pid}) still runs on ${clusterDir}: end it, then start again.`)
    }
    await delay(POLL_MS)
  }
}
