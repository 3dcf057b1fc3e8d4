import pg from 'pg'
import t from 'tap'
import { statement, type Tx } from '../../src/kit/db/index.ts'
import { type Call, type Json, startTestApp, type TestApp } from '../support/app.ts'
import { createTestDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { cny, createReseller, createSku, expectStatus, importKeys } from '../support/shop.ts'

/** As few as there can be: what is prepared is prepared on one of them. */
const CONNECTIONS = 2

/** What grows with orders, keys, events or requests. */
const GROWING = new Set([
  'orders',
  'order_batch',
  'ledger_transfer',
  'ledger_entry',
  'card',
  'card_fingerprint',
  'card_reveal',
  'card_batch_line',
  'outbox',
  'catalog_change',
  'webhook_delivery',
  'idempotency_record',
  'supplier_attempt',
  'supplier_attempt_unit',
  'inbound_event',
  'facade_order',
  'facade_callback',
  'api_key_spend',
  'quote',
  'audit_log'
])

const EXPECTED = [
  'order_insert',
  'order_find_existing',
  'card_claim',
  'card_issue',
  'ledger_lock',
  'ledger_insert_entries',
  'outbox_insert',
  'outbox_read',
  'webhook_relay',
  'webhook_delivery_claim'
]

interface Prepared {
  readonly name: string
  readonly parameters: number
}

const PREPARED = statement(
  '',
  `SELECT name, cardinality(parameter_types) AS parameters FROM pg_prepared_statements WHERE name <> '' AND statement !~* '^\\s*(set|begin)' ORDER BY name`
)

/** The plan that this connection keeps for a statement. */
async function planOf(tx: Tx, { name, parameters }: Prepared): Promise<Json> {
  const values = Array.from({ length: parameters }, () => 'NULL').join(', ')
  const [row] = await tx.query<{ 'QUERY PLAN': Json }>(
    statement('', `EXPLAIN (FORMAT JSON) EXECUTE ${pg.escapeIdentifier(name)}${parameters === 0 ? '' : `(${values})`}`)
  )
  return row?.['QUERY PLAN'][0].Plan
}

function scans(plan: Json): string[] {
  const own = plan['Node Type'] === 'Seq Scan' && GROWING.has(plan['Relation Name']) ? [plan['Relation Name']] : []
  return [...own, ...(plan.Plans ?? []).flatMap(scans)]
}

/** Of one connection, whichever it is. `names`: what was looked at; `found`: by statement, the growing tables that it reads from end to end. */
async function look({ services }: TestApp, names: Set<string>, found: Map<string, string[]>): Promise<void> {
  await services.db.tx(async tx => {
    for (const each of await tx.query<Prepared & Record<string, unknown>>(PREPARED)) {
      names.add(each.name)
      const tables = scans(await planOf(tx, each))
      if (tables.length > 0) found.set(each.name, tables)
    }
  })
}

async function asOwner(databaseUrl: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

async function trade(shop: TestApp, { call }: { call: Call }, skuId: string): Promise<void> {
  const body = { skuId, quantity: 1, reference: `r-${Math.random()}`, metadata: { a: 'b' } }
  const key = `k-${Math.random()}`
  const placed = await expectStatus(201, call('POST', '/v1/orders', { key, body }))
  await expectStatus(201, call('POST', '/v1/orders', { key, body }))
  await expectStatus(200, call('POST', '/v1/order-batches', { body: { orders: [{ skuId, quantity: 1 }] } }))
  const hidden = await expectStatus(201, call('POST', '/v1/orders', { body: { skuId, quantity: 2, reveal: false } }))
  for (const id of [placed.id, hidden.id]) {
    await expectStatus(200, call('GET', `/v1/orders/${id}`))
    await expectStatus(200, call('GET', `/v1/orders/${id}/cards`))
  }
  const waiting = await expectStatus(202, call('POST', '/v1/orders', { body: { skuId, quantity: 900, backorder: true } }))
  await expectStatus(200, call('POST', `/v1/orders/${waiting.id}/cancel`))
  for (const path of [
    '/v1/orders',
    `/v1/orders?reference=${body.reference}`,
    `/v1/orders?skuId=${skuId}`,
    '/v1/orders?state=fulfilled',
    '/v1/events',
    '/v1/wallet',
    '/v1/wallet/entries',
    '/v1/catalog/changes',
    `/v1/skus/${skuId}`
  ])
    await expectStatus(200, call('GET', path))
  await expectStatus(201, call('POST', '/v1/quotes', { body: { skuId, quantity: 1 } }))
  await expectStatus(200, shop.admin('GET', `/v1/admin/skus/${skuId}`))
}

t.test('no plan that is kept reads a growing table from end to end, also one that was made when it was empty', async t => {
  const databaseUrl = await createTestDatabase(t)
  // The server's default, with which a small table is sooner read whole than with that of the embedded one.
  await asOwner(databaseUrl, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET random_page_cost = 4', current_database()); END $$")
  const shop = await startTestApp(t, { databaseUrl, worker: true, env: { KAHUB_DATABASE_CONNECTIONS: String(CONNECTIONS) } })
  const skuId = await createSku(shop, { stock: 100, price: '1.00', maxQuantity: 1000 })
  const buyer = await createReseller(shop, { credit: '10000.00', key: { dailySpendCap: cny('5000.00') } })
  await expectStatus(201, buyer.call('POST', '/v1/webhook-endpoints', { body: { url: 'http://127.0.0.1:9/', events: [] } }))
  for (let n = 0; n < 4; n++) await trade(shop, buyer, skuId)
  await importKeys(shop, skuId, ['one-more'])
  const names = new Set<string>()
  const found = new Map<string, string[]>()
  await eventually('the statements of an order, of the feed and of the worker were looked at', async () => {
    await look(shop, names, found)
    return EXPECTED.every(name => names.has(name))
  })
  t.same(Object.fromEntries(found), {})
})
