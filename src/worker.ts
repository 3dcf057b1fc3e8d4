/** Periodic work. The server runs it in its own process unless it is told not to; several workers do no harm. */
import type { FastifyBaseLogger } from 'fastify'
import { forgetSpends } from './accounts/index.ts'
import { noteHead } from './audit/index.ts'
import { announceChanges, compactChanges, publishStockChanges } from './catalog/index.ts'
import { createFacadeCallers, forgetCallbacks } from './facades/index.ts'
import { verifyContinuously } from './invariants/index.ts'
import { expireCards, failStalledImports } from './inventory/index.ts'
import { forgetAnswers } from './kit/idempotency.ts'
import { newId } from './kit/ids.ts'
import { fillBackorders, forgetOrderBatches, reserveBackorders } from './orders/index.ts'
import { deleteExpiredQuotes } from './pricing/index.ts'
import type { Services } from './services.ts'
import { checkAlerts } from './wallet/index.ts'
import { clearOldDeliveries, createDeliverer, forgetEvents, relayEvents } from './webhooks/index.ts'

export interface Worker {
  stop(): Promise<void>
}

interface Job {
  readonly name: string
  readonly everyMs: number
  /** Calls the listener when a run is worth while before its time. */
  readonly onWork?: (listener: () => void) => void
  readonly run: () => Promise<unknown>
}

export function startWorker(services: Services, log: FastifyBaseLogger): Worker {
  const deliverer = createDeliverer({
    ...services,
    http: services.outboundHttp,
    onError: error => log.warn({ err: error }, 'a webhook could not be sent or noted; it is tried again')
  })
  const watcherId = newId()
  const shops = createFacadeCallers({
    ...services,
    http: services.outboundHttp,
    onError: error => log.warn({ err: error }, 'a shop could not be called; it is tried again')
  })
  const jobs: readonly Job[] = [
    { name: 'publish-stock-changes', everyMs: 500, run: () => publishStockChanges(services.db) },
    { name: 'announce-changes', everyMs: 500, run: () => announceChanges(services.db) },
    { name: 'fill-backorders', everyMs: 500, run: () => fillBackorders(services) },
    { name: 'reserve-backorders', everyMs: 1_000, run: () => reserveBackorders(services) },
    { name: 'buy-upstream', everyMs: 100, onWork: services.buyer.onWork.bind(services.buyer), run: () => services.buyer.turn() },
    { name: 'sync-suppliers', everyMs: 500, run: () => services.syncer.turn() },
    { name: 'expire-cards', everyMs: 10_000, run: () => expireCards(services) },
    { name: 'verify-invariants', everyMs: 5_000, run: () => verifyInvariants(services, watcherId, log) },
    { name: 'fail-stalled-imports', everyMs: 30_000, run: () => failStalledImports(services.db) },
    { name: 'compact-catalog-changes', everyMs: 10_000, run: () => compactChanges(services.db) },
    { name: 'delete-expired-quotes', everyMs: 60_000, run: () => deleteExpiredQuotes(services.db) },
    { name: 'check-wallet-alerts', everyMs: 1_000, run: () => checkAlerts(services.db) },
    { name: 'relay-events', everyMs: 200, run: () => relayEvents(services.db) },
    { name: 'send-webhooks', everyMs: 200, run: () => deliverer.turn() },
    { name: 'call-shops', everyMs: 500, run: () => shops.orders.turn() },
    { name: 'tell-shops-of-goods', everyMs: 1_000, run: () => shops.goods.turn() },
    { name: 'note-audit-head', everyMs: 3_600_000, run: () => noteHead(services.db, head => log.info(head, 'audit head')) },
    { name: 'forget-old-rows', everyMs: 60_000, run: () => forgetOldRows(services) },
    { name: 'forget-events', everyMs: 10_000, run: () => forgetEvents(services.db, services.config.eventDays) },
    { name: 'clear-old-deliveries', everyMs: 10_000, run: () => clearOldDeliveries(services.db) }
  ]
  const loops = jobs.map(job => startLoop(job, services, log))
  return {
    stop: async () => {
      await Promise.all([...loops.map(loop => loop.stop()), deliverer.close(), shops.orders.close(), shops.goods.close()])
    }
  }
}

/** Only today counts towards a cap; a month of days shows what a key usually spends. */
const SPENDS_KEPT_DAYS = 35
/** How long it can be seen what became of a call to a shop. */
const CALLBACKS_KEPT_DAYS = 30

const forgetOldRows = ({ db, config }: Services): Promise<unknown> =>
  Promise.all([
    forgetAnswers(db, config.idempotencyDays),
    forgetOrderBatches(db, config.idempotencyDays),
    forgetSpends(db, SPENDS_KEPT_DAYS),
    forgetCallbacks(db, CALLBACKS_KEPT_DAYS)
  ])

/** A run that was asked for waits this long for what comes together with its reason: many small runs cost more than one. */
const WAKE_GAP_MS = 10

async function verifyInvariants({ db }: Services, watcherId: string, log: FastifyBaseLogger): Promise<void> {
  const broken = await verifyContinuously({ db, watcherId })
  for (const { name, broken: rows, sample } of broken ?? [])
    log.error({ rule: name, rows, sample }, 'an invariant is broken; no new orders are taken')
}

/** One run at a time; a failure is logged and counted, and the next run is the retry. */
function startLoop(job: Job, services: Services, log: FastifyBaseLogger): Worker {
  services.metrics.jobStarted(job.name, job.everyMs)
  let stopped = false
  let woken = false
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  const turn = (): void => {
    timer = undefined
    woken = false
    running = job
      .run()
      .then(
        () => services.metrics.jobEnded(job.name, true),
        error => {
          services.metrics.jobEnded(job.name, false)
          log.warn({ err: error, job: job.name }, 'periodic job failed; it runs again')
        }
      )
      .finally(() => {
        if (!stopped) timer = setTimeout(turn, woken ? WAKE_GAP_MS : job.everyMs)
      })
  }
  timer = setTimeout(turn, job.everyMs)
  job.onWork?.(() => {
    if (woken || stopped) return
    woken = true
    if (timer === undefined) return
    clearTimeout(timer)
    timer = setTimeout(turn, WAKE_GAP_MS)
  })
  return {
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await running
    }
  }
}
