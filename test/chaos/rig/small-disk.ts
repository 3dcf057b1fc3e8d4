/** A disk that can be full: a file system in memory, of a size of ours. Only root may mount one, and only on Linux. */
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'

/** A round writes some tens of megabytes of tables and log. */
const SIZE = '768m'

export const canMount = (): boolean => process.platform === 'linux' && process.getuid?.() === 0

function run(command: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`)
}

export function mountSmallDisk(path: string): () => void {
  mkdirSync(path, { recursive: true })
  run('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'kahub-chaos', path])
  return () => run('umount', ['-l', path])
}
