/** Prometheus metrics of one process. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { AllocatorStats, Verdict } from './inventory/index.ts'
import type { Queryable } from './kit/db/index.ts'
import { watchDatabase } from './operations/index.ts'
import type { PlaceOutcome } from './orders/index.ts'

export interface MetricSources {
  readonly allocator: () => AllocatorStats
  readonly intake: () => { stoppedAt: Date | null; verifiedAgeS: number | null; reasons: readonly unknown[] }
  readonly database: () => { total: number; idle: number; waiting: number }
  readonly redisIsUp: () => boolean
  readonly tables: Queryable
}

/** A job that failed once may have met a restart of the database. */
const FAILING_AFTER = 3

export type Metrics = ReturnType<typeof createMetrics>

export function createMetrics() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const { batchOrders, batchSeconds, requests, jobFailures, jobSuccesses, jobIntervals, problems, orders, supplierAnswers } = createInstruments([
    registry
  ])
  const failuresInARow = new Map<string, number>()
  // Looking a series up by its labels costs more than observing it; operations and statuses are few.
  const seriesByName = new Map<string, ReturnType<typeof requests.labels>>()
  const problemsByName = new Map<string, ReturnType<typeof problems.labels>>()
  const countProblem = (operation: string, code: string): void => {
    const name = `${operation} ${code}`
    let series = problemsByName.get(name)
    if (series === undefined) {
      series = problems.labels(operation, code)
      problemsByName.set(name, series)
    }
    series.inc()
  }
  return {
    registry,
    jobStarted: (job: string, everyMs: number): void => {
      jobIntervals.set({ name: job }, everyMs / 1000)
      jobSuccesses.set({ name: job }, Date.now() / 1000)
    },
    jobEnded: (job: string, ok: boolean): void => {
      if (ok) jobSuccesses.set({ name: job }, Date.now() / 1000)
      else jobFailures.inc({ name: job })
      failuresInARow.set(job, ok ? 0 : (failuresInARow.get(job) ?? 0) + 1)
    },
    /** Jobs that fail again and again. */
    failingJobs: (): string[] => [...failuresInARow].filter(([, failures]) => failures >= FAILING_AFTER).map(([job]) => job),
    observeOrders: (verdicts: readonly Verdict<PlaceOutcome>[]): void => {
      for (const [outcome, count] of countOutcomes(verdicts)) orders.inc({ outcome }, count)
    },
    observeSupplier: (supplier: string, outcome: string): void => supplierAnswers.inc({ supplier, outcome }),
    observeBatch: (orders: number, durationMs: number): void => {
      batchOrders.observe(orders)
      batchSeconds.observe(durationMs / 1000)
    },
    observeRequest: (operation: string, status: number, seconds: number, code: string | null): void => {
      if (code !== null) countProblem(operation, code)
      const name = `${operation} ${status}`
      let series = seriesByName.get(name)
      if (series === undefined) {
        series = requests.labels(operation, String(status))
        seriesByName.set(name, series)
      }
      series.observe(seconds)
    },
    watchTracer: (dropped: () => number): void => gauge(registry, 'kahub_trace_spans_dropped', 'Spans that the collector did not take.', dropped),
    watch: (sources: MetricSources): void => watch(registry, sources)
  }
}

function createInstruments(registers: Registry[]) {
  const batchOrders = new Histogram({
    name: 'kahub_allocator_batch_orders',
    help: 'Orders in one group commit.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers
  })
  const batchSeconds = new Histogram({
    name: 'kahub_allocator_batch_seconds',
    help: 'Duration of one group commit.',
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5],
    registers
  })
  const requests = new Histogram({
    name: 'kahub_http_request_seconds',
    help: 'Duration of a request by operation and status.',
    labelNames: ['operation', 'status'] as const,
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers
  })
  const jobFailures = new Counter({
    name: 'kahub_job_failures_total',
    help: 'Runs of a periodic job that failed.',
    labelNames: ['name'] as const,
    registers
  })
  const jobSuccesses = new Gauge({
    name: 'kahub_job_last_success_timestamp_seconds',
    help: 'When a periodic job of this process last succeeded, or was started.',
    labelNames: ['name'] as const,
    registers
  })
  const jobIntervals = new Gauge({
    name: 'kahub_job_interval_seconds',
    help: 'How often a periodic job runs.',
    labelNames: ['name'] as const,
    registers
  })
  const problems = new Counter({
    name: 'kahub_problems_total',
    help: 'Answers that were problems, by operation and code.',
    labelNames: ['operation', 'code'] as const,
    registers
  })
  const orders = new Counter({
    name: 'kahub_orders_total',
    help: 'Orders that the allocator decided: the state in which they were placed, replayed, or the code of the refusal.',
    labelNames: ['outcome'] as const,
    registers
  })
  const supplierAnswers = new Counter({
    name: 'kahub_supplier_answers_total',
    help: 'What calls to suppliers came to.',
    labelNames: ['supplier', 'outcome'] as const,
    registers
  })
  return { batchOrders, batchSeconds, requests, jobFailures, jobSuccesses, jobIntervals, problems, orders, supplierAnswers }
}

function countOutcomes(verdicts: readonly Verdict<PlaceOutcome>[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const verdict of verdicts) {
    const outcome = verdict.kind === 'answer' ? nameOf(verdict.answer) : null
    if (outcome !== null) counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  }
  return counts
}

/** Null: not decided, it comes again. */
function nameOf(outcome: PlaceOutcome): string | null {
  switch (outcome.kind) {
    case 'placed':
      return outcome.placed.order.state
    case 'existing':
      return 'replayed'
    case 'refused':
      return outcome.error.code
    case 'stale':
      return null
  }
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read())
    }
  })
}

/** Gauges that are read when Prometheus asks. */
function watch(registry: Registry, sources: MetricSources): void {
  const show = (name: string, help: string, read: () => number): void => gauge(registry, name, help, read)
  show('kahub_allocator_waiting_orders', "Orders in the allocator's queues.", () => sources.allocator().waiting)
  show('kahub_allocator_running_batches', 'Group commits under way.', () => sources.allocator().runningBatches)
  show('kahub_allocator_lanes', 'SKUs with orders, or with a lease, in this process.', () => sources.allocator().lanes)
  show('kahub_allocator_degraded_skus', 'SKUs that go on with row locks alone.', () => sources.allocator().degradedLanes)
  show('kahub_intake_stopped', '1: a broken invariant has stopped the intake of orders.', () => (sources.intake().stoppedAt ? 1 : 0))
  show('kahub_invariants_broken', 'Rules that were found broken since the intake was stopped.', () => sources.intake().reasons.length)
  show('kahub_ledger_verified_age_seconds', 'For how long money has moved that is not verified yet.', () => sources.intake().verifiedAgeS ?? 0)
  show('kahub_database_connections', 'Open database connections.', () => sources.database().total)
  show('kahub_database_idle', 'Open database connections that are not in use.', () => sources.database().idle)
  show('kahub_redis_up', '1 if connected. Without Redis orders go on, slower.', () => Number(sources.redisIsUp()))
  watchDatabase(registry, sources.tables)
  show('kahub_database_waiting', 'Requests that wait for a database connection.', () => sources.database().waiting)
}
