import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

/** A data directory for servers that nobody needs after this process. Those of processes that were killed are removed first. */
export function createTempDataDir(prefix: string): string {
  for (const name of readdirSync(tmpdir()).filter(entry => entry.startsWith(prefix))) {
    if (!isGone(Number(name.slice(prefix.length).split('-')[0]))) continue
    try {
      rmSync(join(tmpdir(), name), { recursive: true, force: true })
    } catch {
      // Another user's.
    }
  }
  return mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`))
}
