/** The process: start, listen, drain. */
import { buildApp } from './app.ts'
import { ConfigError, readConfig } from './config.ts'
import { createLog } from './log.ts'
import { createServices } from './services.ts'
import { startWorker, type Worker } from './worker.ts'

/** Past this a request in flight is a request that hangs. */
const DRAIN_MAX_MS = 25_000

async function main(): Promise<void> {
  const config = readConfig()
  const log = createLog(config.logLevel)
  const services = await createServices(config, log)
  const worker: Worker | null = config.process === 'api' ? null : startWorker(services, log)
  const app = config.process === 'worker' ? null : await buildApp(services, log)
  if (app !== null) {
    const address = await app.listen({ port: config.port, host: config.host, backlog: 4096 })
    if (services.newAdminKey !== null) process.stdout.write(`\nOperator key, shown this once (KAHUB_ADMIN_KEY): ${services.newAdminKey}\n\n`)
    log.info({ address, docs: `${address}/docs` }, 'kahub is ready')
  }

  let stopping = false
  const stop = (signal: string): void => {
    if (stopping) return
    stopping = true
    log.info({ signal }, 'draining')
    const forced = setTimeout(() => {
      log.error('drain took too long')
      process.exit(1)
    }, DRAIN_MAX_MS)
    Promise.resolve(app?.close())
      .then(() => worker?.stop())
      .then(() => services.close())
      .then(
        () => {
          clearTimeout(forced)
          log.info('stopped')
          process.exitCode = 0
        },
        error => {
          log.error({ err: error }, 'stopping failed')
          process.exit(1)
        }
      )
  }
  process.on('SIGTERM', () => stop('SIGTERM'))
  process.on('SIGINT', () => stop('SIGINT'))
}

main().catch((error: Error) => {
  process.stderr.write(`kahub cannot start: ${error.message}\n`)
  if (!(error instanceof ConfigError) && process.env['LOG_LEVEL'] === 'debug') process.stderr.write(`${error.stack}\n`)
  process.exit(1)
})
