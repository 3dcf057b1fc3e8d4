import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import type { Socket } from 'node:net'

// A process that dies by SIGKILL runs no exit handler, so the end of our process must be noticed by someone else: a
// shell that reads a pipe which only we hold open. It is forked before the exec and orphaned at once, so that the
// server has our child's pid, no child that it does not know, and no moment without a guard.
const GUARD_SCRIPT = `
( ( exec 4<&-; trap '' INT TERM HUP; read -r _ <&3 || kill -"$0" $$ ) 2>/dev/null & )
exec "$@" 3<&-`
const PIPE_FD = 3

const STOOD_DOWN = 'done\n'

export interface GuardedChildOptions extends Omit<SpawnOptions, 'stdio' | 'detached'> {
  /** Sent by the guard when our process is gone. */
  deathSignal: 'INT' | 'KILL'
  /** For stdout and stderr. */
  output: 'ignore' | number
  ipc?: boolean
}

/** Starts a command in its own session (a terminal's Ctrl-C is for us to handle) that ends when we end, however we end. */
export function spawnGuarded(command: string, args: readonly string[], options: GuardedChildOptions): ChildProcess {
  const { deathSignal, output, ipc, ...rest } = options
  const child = spawn('/bin/sh', ['-c', GUARD_SCRIPT, deathSignal, command, ...args], {
    ...rest,
    detached: true,
    stdio: ['ignore', output, output, 'pipe', ...(ipc ? (['ipc'] as const) : [])]
  })
  const pipe = child.stdio[PIPE_FD] as Socket | undefined
  pipe?.on('error', () => {})
  // The pid may be reused once the child is reaped: tell the guard that there is nobody left to signal.
  child.once('exit', () => pipe?.end(STOOD_DOWN))
  child.unref()
  pipe?.unref()
  return child
}

/** Resolves true once the child has ended, false when it is still there after `timeoutMs`. */
export function waitForExit(child: ChildProcess, timeoutMs: number): Promise<boolean> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve(true)
  child.ref()
  return new Promise(resolve => {
    const onExit = () => {
      clearTimeout(timer)
      resolve(true)
    }
    const timer = setTimeout(() => {
      child.off('exit', onExit)
      resolve(false)
    }, timeoutMs)
    child.once('exit', onExit)
  })
}
