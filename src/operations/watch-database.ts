/** Gauges of the tables, in the registry of a process. Every process tells the same; a dashboard takes the maximum. */
import { Gauge, type Registry } from 'prom-client'
import type { Queryable } from '../kit/db/index.ts'
import { type Reading, readGauges } from './gauges-repository.ts'

/** Scrapes that come closer together share a reading. */
const MAX_AGE_MS = 5_000

/** Name, help, and the labels of each. */
const GAUGES: readonly (readonly [name: string, help: string, ...labels: string[]])[] = [
  ['kahub_orders_open', 'Orders that are not finished.', 'state'],
  ['kahub_orders_oldest_seconds', 'Age of the oldest unfinished order in a state.', 'state'],
  ['kahub_purchases_open', 'Purchases at suppliers that are not finished.', 'supplier', 'state'],
  ['kahub_purchases_oldest_seconds', 'Age of the oldest unfinished purchase.', 'supplier', 'state'],
  ['kahub_purchases_overdue_seconds', 'How long the next step of a purchase has been due.'],
  ['kahub_supplier_balance', 'What a supplier said is left with it, in its currency.', 'supplier', 'currency'],
  ['kahub_supplier_balance_low', '1 while that is less than the lowBalance set for it.', 'supplier'],
  ['kahub_webhook_deliveries_pending', 'Webhook deliveries that were not accepted yet.'],
  ['kahub_webhook_oldest_pending_seconds', 'Age of the oldest of them.'],
  ['kahub_webhook_overdue_seconds', 'How long the next attempt of a delivery has been due.'],
  ['kahub_webhook_endpoints', 'Webhook endpoints: active, or why they are paused.', 'state'],
  ['kahub_outbox_lag_seconds', 'Age of the oldest event that was not handed to the endpoints.'],
  ['kahub_pushes_pending', "Suppliers' pushes whose effect is still to come.", 'type'],
  ['kahub_top_ups_pending', 'Announced top-ups that nobody has decided.'],
  ['kahub_table_dead_rows', 'Dead rows, which vacuum has not removed.', 'table'],
  ['kahub_table_live_rows', 'Live rows, as PostgreSQL estimates them.', 'table'],
  ['kahub_table_bytes', 'Size with indexes.', 'table'],
  ['kahub_database_oldest_transaction_seconds', 'Age of the oldest open transaction that can be seen: feeds and vacuum wait for it.'],
  ['kahub_database_wal_archive_failed', '1 while the last attempt to archive WAL failed.']
]

export function watchDatabase(registry: Registry, db: Queryable): void {
  let reading: Promise<readonly Reading[] | null> | null = null
  let readAt = Number.NEGATIVE_INFINITY
  /** Null while the database cannot be read. */
  const read = (): Promise<readonly Reading[] | null> => {
    if (reading === null || performance.now() - readAt > MAX_AGE_MS) {
      readAt = performance.now()
      reading = readGauges(db).catch(() => null)
    }
    return reading
  }
  for (const [name, help, ...labelNames] of GAUGES) {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        this.reset()
        for (const { labels, value } of (await read())?.filter(each => each.name === name) ?? []) this.set(labels, value)
      }
    })
  }
  new Gauge({
    name: 'kahub_database_up',
    help: '1 if the database answered.',
    registers: [registry],
    async collect() {
      this.set((await read()) === null ? 0 : 1)
    }
  })
}
