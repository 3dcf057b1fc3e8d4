/** Prometheus metrics of one process. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { AllocatorStats } from './inventory/index.ts'

export interface MetricSources {
  readonly allocator: () => AllocatorStats
  readonly intake: () => { stoppedAt: Date | null; verifiedAgeS: number | null; reasons: readonly unknown[] }
  readonly database: () => { total: number; idle: number; waiting: number }
}

export function createMetrics() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
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
  // Looking a series up by its labels costs more than observing it; operations and statuses are few.
  const seriesByName = new Map<string, ReturnType<typeof requests.labels>>()
  const jobFailures = new Counter({
    name: 'kahub_job_failures_total',
    help: 'Runs of a periodic job that failed.',
    labelNames: ['job'] as const,
    registers
  })
  return {
    registry,
    jobFailures,
    observeBatch: (orders: number, durationMs: number): void => {
      batchOrders.observe(orders)
      batchSeconds.observe(durationMs / 1000)
    },
    observeRequest: (operation: string, status: number, seconds: number): void => {
      const name = `${operation} ${status}`
      let series = seriesByName.get(name)
      if (series === undefined) {
        series = requests.labels(operation, String(status))
        seriesByName.set(name, series)
      }
      series.observe(seconds)
    },
    watch: (sources: MetricSources): void => watch(registry, sources)
  }
}

/** Gauges that are read when Prometheus asks. */
function watch(registry: Registry, sources: MetricSources): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      }
    })
  }
  gauge('kahub_allocator_waiting_orders', "Orders in the allocator's queues.", () => sources.allocator().waiting)
  gauge('kahub_allocator_degraded_skus', 'SKUs that go on with row locks alone.', () => sources.allocator().degradedLanes)
  gauge('kahub_intake_stopped', '1: a broken invariant has stopped the intake of orders.', () => (sources.intake().stoppedAt ? 1 : 0))
  gauge('kahub_invariants_broken', 'Rules that were found broken since the intake was stopped.', () => sources.intake().reasons.length)
  gauge('kahub_ledger_verified_age_seconds', 'For how long money has moved that is not verified yet.', () => sources.intake().verifiedAgeS ?? 0)
  gauge('kahub_database_connections', 'Open database connections.', () => sources.database().total)
  gauge('kahub_database_waiting', 'Requests that wait for a database connection.', () => sources.database().waiting)
}
