/** Processor time and memory of other processes, from /proc. Zero or NaN where there is none. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const TICKS_PER_SECOND = 100
/** Makes the kernel forget the peak so far. */
const FORGET_PEAK = '5'

interface Stat {
  readonly parent: number
  /** Its own. */
  readonly seconds: number
  /** Of children that ended. */
  readonly endedSeconds: number
}

function statOf(pid: number | string): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const [parent, user, system, endedUser, endedSystem] = [fields[1]!, fields[11]!, fields[12]!, fields[13]!, fields[14]!]
    return { parent, seconds: (user + system) / TICKS_PER_SECOND, endedSeconds: (endedUser + endedSystem) / TICKS_PER_SECOND }
  } catch {
    return null
  }
}

export const cpuSecondsOf = (pid: number): number => statOf(pid)?.seconds ?? 0

/** Of a process, its children that live and those that ended. */
export function familyCpuSeconds(pid: number): number {
  const head = statOf(pid)
  if (head === null) return 0
  const children = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(statOf)
    .filter(stat => stat?.parent === pid)
  return children.reduce((sum, stat) => sum + (stat?.seconds ?? 0) + (stat?.endedSeconds ?? 0), head.seconds + head.endedSeconds)
}

/** Highest resident memory since the start or the last reset, in MB of 1024². */
export const peakMbOf = (pid: number): number => statusMbOf(pid, /VmHWM:\s+(\d+) kB/)

export const residentMbOf = (pid: number): number => statusMbOf(pid, /VmRSS:\s+(\d+) kB/)

function statusMbOf(pid: number, field: RegExp): number {
  try {
    const kb = field.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
    return kb === undefined ? Number.NaN : Number(kb) / 1_024
  } catch {
    return Number.NaN
  }
}

export function resetPeakOf(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, FORGET_PEAK)
  } catch {
    // The peak since the start stands, which is never lower.
  }
}

/** How many files a process that we start may open. */
export function openFilesMax(): number {
  try {
    return Number(/Max open files\s+\d+\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? 1_024)
  } catch {
    return 1_024
  }
}
