/** The process: start, listen, drain. */
import { buildApp } from './app.ts'
import { readConfig } from './config.ts'
import { armFailpoint } from './kit/failpoint.ts'
import { createLog } from './log.ts'
import { createServices } from './services.ts'
import { releaseStartupMemory } from './startup-memory.ts'
import { startWorker } from './worker.ts'

/** Past this a request in flight is a request that hangs. */
const DRAIN_MAX_MS = 25_000
/** Connections that the kernel holds while a flash sale begins. */
const LISTEN_BACKLOG = 4_096

async function main(): Promise<void> {
  const config = readConfig()
  const log = createLog(config.logLevel)
  if (config.failpoint !== null) armFailpoint(config.failpoint)
  const services = await createServices(config, log)
  const worker = config.process === 'api' ? null : startWorker(services, log)
  const app = await buildApp(services, log)
  const close = async (): Promise<void> => {
    await app.close()
    await worker?.stop()
    await services.close()
  }
  stopOnSignal(close, log)
  releaseStartupMemory()
  const address = await app.listen({ port: config.port, host: config.host, backlog: LISTEN_BACKLOG })
  if (services.newAdminKey !== null) process.stdout.write(`\nOperator key, shown this once: ${services.newAdminKey}\n\n`)
  log.info({ address, docs: `${address}/docs` }, 'kahub is ready')
}

/** A terminal and npm both send SIGINT: the second signal of a stop is not a new one. */
function stopOnSignal(close: () => Promise<void>, log: ReturnType<typeof createLog>): void {
  let stopping = false
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) return
    stopping = true
    log.info({ signal }, 'draining')
    const forced = setTimeout(() => {
      log.error('draining took too long')
      process.exit(1)
    }, DRAIN_MAX_MS)
    close()
      .then(() => log.info('stopped'))
      .catch((error: unknown) => {
        log.error({ err: error }, 'stopping failed')
        process.exitCode = 1
      })
      .finally(() => clearTimeout(forced))
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

main().catch((error: Error) => {
  process.stderr.write(`kahub cannot start: ${error.message}\n`)
  process.exit(1)
})
