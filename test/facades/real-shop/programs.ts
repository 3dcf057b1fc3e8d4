/** PHP and MariaDB as they are installed here, and what every server that is started needs. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import { eventually } from '../../support/eventually.ts'

export const run = promisify(execFile)

const PROGRAMS = ['php', 'mariadbd', 'mariadb-install-db', 'mariadb']
const EXTENSIONS = ['bcmath', 'curl', 'dom', 'gd', 'mbstring', 'pdo_mysql', 'zip']
const PATH = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`

export const environment = { PATH, HOME: process.env['HOME'] ?? '/tmp', LC_ALL: 'C.UTF-8' }

/** What is not installed, in words; empty: nothing is missing. */
export async function findMissing(): Promise<string[]> {
  const found = await Promise.all(PROGRAMS.map(name => run('sh', ['-c', `command -v ${name}`], { env: environment }).catch(() => null)))
  const missing = PROGRAMS.filter((_, index) => found[index] === null)
  if (missing.includes('php')) return missing
  const { stdout } = await run('php', ['-m'], { env: environment })
  const loaded = new Set(stdout.toLowerCase().split('\n'))
  return [...missing, ...EXTENSIONS.filter(name => !loaded.has(name)).map(name => `the PHP extension ${name}`)]
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

export interface Program {
  readonly stop: () => Promise<void>
}

/** Started, and known to answer. */
export async function startProgram(command: string, args: readonly string[], options: StartOptions): Promise<Program> {
  const child = spawn(command, args, { env: { ...environment, ...options.env }, stdio: ['ignore', 'ignore', 'pipe'], detached: true })
  let text = ''
  child.stderr.on('data', (chunk: Buffer) => {
    text = `${text}${chunk.toString()}`.slice(-4_000)
  })
  const ended = once(child, 'exit')
  const abandon = (): void => signalAll(child, 'SIGKILL')
  process.once('exit', abandon)
  void ended.then(() => process.off('exit', abandon))
  await eventually(`${command} is ready`, async () => {
    if (child.exitCode !== null) throw new Error(`${command} ended: ${text}`)
    return await options.isReady()
  })
  return { stop: () => stop(child, ended) }
}

interface StartOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly isReady: () => Promise<boolean>
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  signalAll(child, 'SIGTERM')
  await ended
}

/** Its workers too: it leads a group of its own. */
function signalAll({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid !== undefined) process.kill(-pid, signal)
}
