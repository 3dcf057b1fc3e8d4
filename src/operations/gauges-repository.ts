/**
 * What an operator watches, read from the tables when Prometheus asks. Each statement reads open work only, by a partial index, or
 * PostgreSQL's own counters: none becomes slower as history grows.
 */
import { type Queryable, statement } from '../kit/db/index.ts'

export interface Reading {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

interface Row {
  readonly name: string
  readonly labels: Record<string, string>
  readonly value: string | number | null
}

const OPEN_ORDERS = `('received', 'reserved', 'held', 'backordered', 'submitting', 'submitted', 'uncertain', 'review', 'partially_fulfilled', 'cancelling')`
/** Those whose dead rows slow orders down first. */
const HOT_TABLES = `('card', 'orders', 'ledger_account', 'ledger_entry', 'sku_fence', 'outbox', 'supplier_attempt', 'webhook_delivery')`

const SECONDS = (since: string): string => `extract(epoch FROM clock_timestamp() - ${since})::float8`

/** Each gives rows of (name, labels, value); `kahub_` comes before the name. */
const STATEMENTS = [
  statement(
    'gauges_orders',
    `WITH open AS MATERIALIZED (
       SELECT state, count(*) AS orders, ${SECONDS('min(created_at)')} AS oldest FROM orders WHERE state IN ${OPEN_ORDERS} GROUP BY state)
     SELECT 'orders_open' AS name, jsonb_build_object('state', state) AS labels, orders::float8 AS value FROM open
     UNION ALL SELECT 'orders_oldest_seconds', jsonb_build_object('state', state), oldest FROM open`
  ),
  statement(
    'gauges_purchases',
    `WITH open AS MATERIALIZED (
       SELECT supplier_id, state, count(*) AS purchases, ${SECONDS('min(created_at)')} AS oldest, ${SECONDS('min(due_at)')} AS overdue
       FROM supplier_attempt WHERE due_at IS NOT NULL GROUP BY supplier_id, state)
     SELECT 'purchases_open' AS name, jsonb_build_object('supplier', supplier_id, 'state', state) AS labels, purchases::float8 AS value FROM open
     UNION ALL SELECT 'purchases_oldest_seconds', jsonb_build_object('supplier', supplier_id, 'state', state), oldest FROM open
     UNION ALL SELECT 'purchases_overdue_seconds', '{}', greatest(coalesce(max(overdue), 0), 0) FROM open`
  ),
  statement(
    'gauges_suppliers',
    `SELECT 'supplier_balance' AS name, jsonb_build_object('supplier', y.supplier_id, 'currency', y.balance_currency) AS labels,
       y.balance / 10000.0 AS value FROM supplier_sync y WHERE y.balance IS NOT NULL
     UNION ALL SELECT 'supplier_balance_low', jsonb_build_object('supplier', y.supplier_id), (y.balance < s.low_balance)::int
       FROM supplier_sync y JOIN supplier s ON s.id = y.supplier_id
       WHERE s.state = 'active' AND y.balance_currency = s.low_balance_currency`
  ),
  statement(
    'gauges_webhooks',
    `WITH waiting AS MATERIALIZED (
       SELECT count(*) AS deliveries, ${SECONDS('min(created_at)')} AS oldest, ${SECONDS('min(next_attempt_at)')} AS overdue
       FROM webhook_delivery WHERE state = 'pending')
     SELECT 'webhook_deliveries_pending' AS name, '{}'::jsonb AS labels, deliveries::float8 AS value FROM waiting
     UNION ALL SELECT 'webhook_oldest_pending_seconds', '{}', coalesce(oldest, 0) FROM waiting
     UNION ALL SELECT 'webhook_overdue_seconds', '{}', greatest(coalesce(overdue, 0), 0) FROM waiting
     UNION ALL SELECT 'webhook_endpoints', jsonb_build_object('state', coalesce(pause_reason, state)), count(*)::float8
       FROM webhook_endpoint GROUP BY coalesce(pause_reason, state)`
  ),
  statement(
    'gauges_feeds',
    `SELECT 'outbox_lag_seconds' AS name, '{}'::jsonb AS labels, coalesce((
       SELECT ${SECONDS('o.created_at')} FROM outbox o JOIN webhook_cursor c ON c.name = 'outbox' AND (o.xid, o.seq) > (c.xid, c.seq)
       ORDER BY o.xid, o.seq LIMIT 1), 0) AS value
     UNION ALL SELECT 'pushes_pending', jsonb_build_object('type', type), count(*)::float8 FROM inbound_event WHERE state = 'pending' GROUP BY type
     UNION ALL SELECT 'top_ups_pending', '{}', count(*)::float8 FROM top_up WHERE state = 'pending'`
  ),
  statement(
    'gauges_database',
    `SELECT 'table_dead_rows' AS name, jsonb_build_object('table', relname) AS labels, n_dead_tup::float8 AS value
       FROM pg_stat_user_tables WHERE relname IN ${HOT_TABLES}
     UNION ALL SELECT 'table_live_rows', jsonb_build_object('table', relname), n_live_tup::float8 FROM pg_stat_user_tables WHERE relname IN ${HOT_TABLES}
     UNION ALL SELECT 'table_bytes', jsonb_build_object('table', relname), pg_total_relation_size(relid)::float8
       FROM pg_stat_user_tables WHERE relname IN ${HOT_TABLES}
     UNION ALL SELECT 'database_oldest_transaction_seconds', '{}', coalesce(max(${SECONDS('xact_start')}), 0)
       FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
     UNION ALL SELECT 'database_wal_archive_failed', '{}', (failed_count > 0 AND last_failed_time > coalesce(last_archived_time, '-infinity'))::int::float8
       FROM pg_stat_archiver`
  )
]

export async function readGauges(db: Queryable): Promise<Reading[]> {
  const rows = (await Promise.all(STATEMENTS.map(each => db.query<Row & Record<string, unknown>>(each)))).flat()
  return rows.map(({ name, labels, value }) => ({ name: `kahub_${name}`, labels, value: Number(value ?? 0) }))
}
